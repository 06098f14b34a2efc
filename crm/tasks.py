"""The CRM's work in the background."""

from __future__ import annotations

from crm import services
from jobs.queues import crm_queue


@crm_queue.task(name="update_crm", atomic=True, max_retries=3)
def update_crm(lead_data: dict[str, object]) -> dict[str, object]:
    """Create or update a contact and its lead: `crm.services.upsert_lead`.

    Returns:
        {"success": True, "lead_id": id or None, "contact_id": id or None}, with "skipped" and one word where the
        address makes neither: own_address, no_reply, not_a_person, invalid_address.
    """
    return services.upsert_lead(lead_data).as_result()
