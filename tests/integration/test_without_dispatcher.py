"""A worker alone: it works, and says what is missing."""

import pytest

from jobs import services
from tests.integration.site import PATIENCE, Site
from tests.servers.programs import eventually

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.timeout(300)]


def test_a_worker_without_a_dispatcher_warns_and_works(own_site: Site) -> None:
    worker = own_site.worker()
    own_site.ends(services.enqueue("echo", {"value": 1}).pk)
    eventually(lambda: "no dispatcher is running" in own_site.programs.output(worker), PATIENCE)
