"""Phone numbers in one spelling."""

from __future__ import annotations

import phonenumbers
from django.conf import settings


def normalise(number: str) -> str:
    """E.164 where the number can be read, with ` x12` for an extension; else the text as it came.

    A number without a country code is read as one of settings.PHONE_REGION.
    """
    try:
        parsed = phonenumbers.parse(number, settings.PHONE_REGION)
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_possible_number(parsed):
        return number
    e164 = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return f"{e164} x{parsed.extension}" if parsed.extension else e164
