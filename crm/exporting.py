"""A user's contacts as CSV."""

from __future__ import annotations

import csv
from typing import TextIO

from crm.csv_cells import safe
from crm.models import Contact, Lead

COLUMNS = (
    "email", "name", "phone", "company", "source", "tags", "notes", "stage", "score", "messages", "last_contact_at",
)  # fmt: skip
CHUNK = 500  # rows in memory


def export_contacts(user_id: int, file: TextIO) -> int:
    """Write every contact of a user, one a row, safe to open in a spreadsheet. Returns how many.

    `importing` reads what this writes.
    """
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    contacts = Contact.objects.filter(user_id=user_id).select_related("lead").order_by("pk")
    count = 0
    for contact in contacts.iterator(chunk_size=CHUNK):
        writer.writerow([safe(cell) for cell in _cells(contact)])
        count += 1
    return count


def _cells(contact: Contact) -> list[str]:
    lead: Lead | None = getattr(contact, "lead", None)
    return [
        contact.email,
        contact.name,
        contact.phone,
        contact.company,
        contact.source,
        ";".join(contact.tags),
        contact.notes,
        lead.stage if lead else "",
        str(lead.score) if lead else "",
        str(contact.messages),
        contact.last_contact_at.isoformat() if contact.last_contact_at else "",
    ]
