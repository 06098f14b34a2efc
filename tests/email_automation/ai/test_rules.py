"""What headers and addresses say for certain."""

import pytest

from email_automation.ai import rules
from email_automation.ai.schemas import MailText


def mail(subject: str = "Hello", sender: str = "jane@example.com", **headers: str) -> MailText:
    return MailText(
        subject=subject,
        sender_address=sender,
        text="hello",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


@pytest.mark.parametrize(
    "automatic",
    [
        mail(auto_submitted="auto-generated"),
        mail(auto_submitted="auto-replied (vacation)"),
        mail(precedence="bulk"),
        mail(precedence=" List "),
        mail(list_id="<talk.example.com>"),
        mail(list_unsubscribe="<https://example.com/u>"),
        mail(x_autoreply="yes"),
        mail("Out of office: back on Monday"),
        mail("Automatische Antwort: Ihre Anfrage"),
        mail("Réponse automatique : absence"),
        mail(sender="no-reply@example.com"),
        mail(sender="donotreply+17@example.com"),
        mail("Undelivered Mail Returned to Sender", "MAILER-DAEMON@example.com"),
    ],
)
def test_automatic_mail_is_known(automatic: MailText) -> None:
    assert rules.is_automatic(automatic)


@pytest.mark.parametrize(
    "personal",
    [
        mail(),
        mail(auto_submitted="no"),
        mail(precedence="normal"),
        mail("Re: Out of office furniture"),
        mail("The mail delivery failed again, please help"),
        mail(sender="noreen@example.com"),
        mail(sender="postmasters.club@example.com"),
    ],
)
def test_a_persons_mail_is_not_automatic(personal: MailText) -> None:
    assert not rules.is_automatic(personal)


def test_a_delivery_report_is_a_bounce() -> None:
    assert rules.is_bounce(mail(content_type='multipart/report; report-type = "delivery-status"; boundary=x'))


def test_a_subject_alone_makes_no_bounce() -> None:
    assert not rules.is_bounce(mail("Undelivered mail is driving me mad"))


def test_a_null_return_path_with_a_failure_subject_is_a_bounce() -> None:
    assert rules.is_bounce(mail("Delivery Status Notification (Failure)", return_path="<>"))


def test_a_discussion_list_is_a_list_but_no_auto_reply() -> None:
    listed = mail(list_id="<talk.example.com>")
    assert rules.is_list(listed)
    assert not rules.is_auto_reply(listed)


def test_endless_headers_are_cut() -> None:
    assert not rules.is_automatic(mail("x" * 1_000_000, "y" * 1_000_000, precedence=" " * 1_000_000 + "bulk"))
