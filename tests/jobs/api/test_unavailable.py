from __future__ import annotations

from typing import Any, NoReturn

import pytest
from django.db import OperationalError, connection
from rest_framework.test import APIClient

ADDRESSES = ["/api/jobs", "/api/jobs/x", "/api/jobs/queue/crm/stats"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_database_that_is_away_is_said_so(as_owner: APIClient, address: str) -> None:
    def away(*_: Any) -> NoReturn:
        raise OperationalError("connection refused")

    with connection.execute_wrapper(away):
        response = as_owner.get(address)
    assert (response.status_code, response.json()["code"]) == (503, "QUEUE_UNAVAILABLE")
    assert "refused" not in response.json()["error"]


@pytest.mark.parametrize("address", ADDRESSES[::2])
def test_a_broker_that_is_away_changes_nothing(as_owner: APIClient, address: str) -> None:
    assert as_owner.get(address).status_code == 200
