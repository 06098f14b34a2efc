"""After a test that commits nothing of it is left, whatever it wrote."""

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection

from jobs import services
from jobs.clock import now
from jobs.models import Attempt, AuditEntry, Job, JobEvent
from tests.jobs.states import in_state
from tests.servers import flushing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=[flushing.LARGE, 0], ids=["small tables", "large tables"])
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flushing, "LARGE", request.param)


@pytest.mark.only_on("postgresql")
@pytest.mark.usefixtures("size")
def test_all_rows_go_and_what_migrations_made_stays() -> None:
    User.objects.create_user("ann")
    job = in_state("dead")
    assert services.cancel(in_state("pending").pk)
    JobEvent.objects.create(job=job, at=now(), kind="retry")
    AuditEntry.objects.create(at=now(), by="ann", verb="look", subject="job", previous_hash="", hash="1")
    permissions = Permission.objects.count()
    call_command("flush", verbosity=0, interactive=False, reset_sequences=False)
    assert [model.objects.count() for model in (User, Job, Attempt, JobEvent, AuditEntry)] == [0] * 5
    assert Permission.objects.count() == permissions > 0
    with connection.cursor() as cursor:
        for table in connection.introspection.django_table_names(include_views=False):
            cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}")')
            assert cursor.fetchone() == (table in flushing.KEPT,), table
