"""Mail that no person wrote to a person."""

import pytest

from email_automation.parsing.automatic import is_no_reply
from tests.email_automation.parsing.mails import mail, parsed


@pytest.mark.parametrize(
    ("header", "value", "reason"),
    [
        ("Auto-Submitted", "auto-replied", "auto-submitted (auto-replied)"),
        ("Auto-Submitted", "auto-generated; type=x", "auto-submitted (auto-generated; type=x)"),
        ("List-Id", "<coffee.fikiri.example>", "list-id"),
        ("List-Unsubscribe", "<https://x>", "list-unsubscribe"),
        ("Precedence", "Bulk", "precedence (bulk)"),
        ("X-Autoreply", "yes", "x-autoreply"),
        ("X-Auto-Response-Suppress", "OOF, AutoReply", "x-auto-response-suppress"),
        ("Return-Path", "<>", "bounce (empty return path)"),
        ("X-Failed-Recipients", "a@b", "bounce (failed recipients)"),
        ("From", "Shop <no-reply@fikiri.example>", "no-reply sender"),
        ("From", "MAILER-DAEMON@fikiri.example", "bounce (sender)"),
        ("From", "notifications@fikiri.example", "machine sender"),
        ("Subject", "Automatic reply: An order", "automatic subject"),
        ("Subject", "Abwesenheitsnotiz: Bestellung", "automatic subject"),
        ("Content-Type", "multipart/report; report-type=delivery-status; boundary=x", "report (delivery-status)"),
    ],
)
def test_the_reason_is_in_its_headers(header: str, value: str, reason: str) -> None:
    assert parsed(mail(**{header.replace("-", "_"): value})).automatic == reason


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Auto-Submitted", "no"),
        ("Precedence", "first-class"),
        ("X-Autoreply", "no"),
        ("X-Auto-Response-Suppress", "DR, RN"),
        ("Return-Path", "<ada@fikiri.example>"),
        ("From", "Noreen Reply <noreen@fikiri.example>"),
        ("Subject", "Is the office automatic?"),
    ],
)
def test_a_person_is_not_taken_for_a_machine(header: str, value: str) -> None:
    assert parsed(mail(**{header.replace("-", "_"): value})).automatic == ""


@pytest.mark.parametrize("local", ["noreply", "no-reply", "do_not_reply", "shop-noreply", "no.reply+123", "DoNotReply"])
def test_addresses_that_nobody_reads_are_known(local: str) -> None:
    assert is_no_reply(f"{local}@fikiri.example")


@pytest.mark.parametrize("local", ["ada", "reply", "norbert", "noah.reply", "annoreply"])
def test_addresses_of_people_are_none_of_those(local: str) -> None:
    assert not is_no_reply(f"{local}@fikiri.example")
