"""How new data meets what is stored: it fills blanks, or it overwrites."""

from __future__ import annotations

import json
from collections.abc import Mapping

from crm import phones
from crm.lead_data import MAX_METADATA, MAX_TAGS, BadLeadData, LeadData
from crm.models import Contact, Lead

IDENTITY = ("name", "phone", "company", "source")
MAX_SHOWN = 200  # characters of a value in the history

Changes = dict[str, list[object]]


def identity(record: Contact | Lead, data: LeadData, *, overwrite: bool) -> Changes:
    """Put name, phone, company and source on a contact or a lead. Returns what changed, before and after."""
    return _set(record, {field: _chosen(record, data, field, overwrite) for field in IDENTITY})


def remarks(record: Contact | Lead, data: LeadData, *, overwrite: bool) -> Changes:
    """Put notes, tags and metadata on a contact or a lead. Returns what changed, before and after.

    Raises:
        BadLeadData: metadata would become too large.
    """
    return _set(
        record,
        {
            "notes": _chosen(record, data, "notes", overwrite),
            "tags": _chosen_tags(record.tags, data, overwrite),
            "metadata": _chosen_metadata(record.metadata, data, overwrite),
        },
    )


def from_contact(lead: Lead, contact: Contact) -> None:
    """Fill a new lead's blanks with what is known of its contact."""
    _set(lead, {field: getattr(lead, field) or getattr(contact, field) for field in IDENTITY})


def shown(changes: Changes) -> Changes:
    """Changes as the history keeps them: long text is cut."""
    return {field: [_short(value) for value in values] for field, values in changes.items()}


def _chosen(record: Contact | Lead, data: LeadData, field: str, overwrite: bool) -> str:
    old: str = getattr(record, field)
    new: str | None = getattr(data, field)
    if new is None or (old and not overwrite):
        return old
    return phones.normalise(new) if field == "phone" else new


def _chosen_tags(old: list[str], data: LeadData, overwrite: bool) -> list[str]:
    if data.tags is None:
        return old
    if overwrite:
        return data.tags
    known = {tag.casefold() for tag in old}
    return [*old, *(tag for tag in data.tags if tag.casefold() not in known)][: max(MAX_TAGS, len(old))]


def _chosen_metadata(old: dict[str, object], data: LeadData, overwrite: bool) -> dict[str, object]:
    """Key by key. What only fills blanks is left out when it no longer fits."""
    if data.metadata is None:
        return old
    merged = {**old, **data.metadata} if overwrite else {**data.metadata, **old}
    if len(json.dumps(merged, ensure_ascii=False).encode()) <= MAX_METADATA:
        return merged
    if not overwrite:
        return old
    raise BadLeadData(
        "metadata", f"would be over {MAX_METADATA} bytes together with what is stored. Remove keys first."
    )


def _set(record: Contact | Lead, values: Mapping[str, object]) -> Changes:
    changes: Changes = {}
    for field, new in values.items():
        old = getattr(record, field)
        if new != old:
            setattr(record, field, new)
            changes[field] = [old, new]
    return changes


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > MAX_SHOWN:
        return value[:MAX_SHOWN] + "…"
    return value
