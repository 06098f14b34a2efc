from typing import Any

import pytest
from django.contrib.auth import get_user_model

from crm.models import Activity, Lead
from crm.tasks import update_crm
from jobs import registry
from jobs.errors import Fail
from jobs.models import Job
from jobs.queues import crm_queue, update_crm_async
from jobs.testing import crash, drain


def test_the_task_called_as_a_function_just_runs(said: dict[str, Any]) -> None:
    answer = update_crm(said)
    made = Lead.objects.get()
    assert answer == {"success": True, "lead_id": made.pk, "contact_id": made.contact_id}
    assert not Job.objects.exists()


def test_the_task_says_why_there_is_no_lead(message: dict[str, Any]) -> None:
    answer = update_crm({**message, "email": "no-reply@shop.example"})
    assert answer == {"success": True, "lead_id": None, "contact_id": None, "skipped": "no_reply"}


def test_bad_data_is_a_permanent_error(said: dict[str, Any]) -> None:
    with pytest.raises(Fail, match="stage"):
        update_crm({**said, "stage": "won"})


def test_it_is_settled_together_with_what_it_writes() -> None:
    options = registry.get("update_crm").options
    assert (options.queue, options.atomic, options.max_retries) == ("crm", True, 3)


def test_product_code_enqueues_it_for_the_lead_s_user(said: dict[str, Any]) -> None:
    job_id = update_crm_async(said)
    job = Job.objects.get(pk=job_id)
    assert (job.task, job.queue, job.owner_id) == ("update_crm", "crm", said["user_id"])
    assert crm_queue.get_job_status(job_id) is not None


@pytest.mark.parametrize("at", ["after claim", "before settle", "after settle"])
def test_a_lead_is_made_once_wherever_the_process_dies(said: dict[str, Any], at: str) -> None:
    job_id = update_crm_async(said)
    with crash(at):
        drain("crm")
    assert (Job.objects.get(pk=job_id).status, Lead.objects.count(), Activity.objects.count()) == ("completed", 1, 1)


@pytest.mark.django_db(transaction=True)
def test_a_job_ends_with_the_lead_it_made() -> None:
    user = get_user_model().objects.create_user("ada")
    done = update_crm_async({"user_id": user.pk, "email": "jane@acme.example", "name": "Jane"})
    failed = update_crm_async({"user_id": user.pk, "email": "jane@acme.example", "stage": "won"})
    assert len(drain("crm", check=False)) == 2
    lead = Lead.objects.get()
    assert crm_queue.get_job_result(done) == {"success": True, "lead_id": lead.pk, "contact_id": lead.contact_id}
    assert str(Activity.objects.get().job_id) == done
    assert Job.objects.get(pk=failed).status == "failed"  # at once: no retry mends it
