"""Who wrote, out of a sender, a signature and labelled lines."""

import pytest

from email_automation.ai.contacts import MAX_ADDRESSES, addresses, extract, is_no_reply, phone_number
from email_automation.ai.schemas import MailText

LETTER = """Hi,
please quote 200 chairs by 2026-05-01, budget 10.000,00.
Kind regards,
Jane Wanjiru
Head of Purchasing
Acme Supplies Ltd | Nairobi
Tel: 0711 123456
Fax: 0711 999999

On Monday, Bob wrote:
> Bob Builder
> Tel +49 30 901820
"""


def test_a_signature_tells_name_phone_and_company() -> None:
    found = extract(MailText(sender_address="Jane@Acme.co.ke", text=LETTER))
    assert found.name == "Jane Wanjiru"
    assert found.email == "jane@acme.co.ke"
    assert found.phone == "+254711123456"
    assert found.company == "Acme Supplies Ltd"


def test_quoted_history_tells_nothing_about_the_sender() -> None:
    found = extract(MailText(text="Thanks!\n\nOn Monday, Bob wrote:\n> Regards\n> Bob\n> +49 30 901820"))
    assert (found.name, found.phone) == ("", "")


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("Jane Wanjiru", "Jane Wanjiru"),
        ("Wanjiru, Jane", "Jane Wanjiru"),
        ('"Jane Wanjiru" <x>', "Jane Wanjiru"),
        ("Jane via Forms", "Jane"),
        ("jane@example.com", ""),
        ("Support Team", ""),
        ("Müller, GmbH", "Müller, GmbH"),
        ("Jane\r\nBcc: all@example.com", ""),
        ("", ""),
    ],
)
def test_a_display_name_becomes_a_persons_name(shown: str, name: str) -> None:
    assert extract(MailText(sender_name=shown, sender_address="j@example.com")).name == name


def test_a_web_form_behind_a_no_reply_sender_is_read() -> None:
    text = "Name: Peter Müller\nEmail: p.mueller@firma.example\nCompany: Müller GmbH\nPhone: +49 30 901820\nMessage: hi"
    found = extract(MailText(sender_address="noreply@forms.example", text=text))
    assert found.model_dump() == {
        "name": "Peter Müller",
        "email": "p.mueller@firma.example",
        "phone": "+4930901820",
        "company": "Müller GmbH",
    }


def test_reply_to_goes_before_the_form() -> None:
    mail = MailText(
        sender_address="noreply@forms.example",
        headers={"reply-to": "Real <real@example.com>"},
        text="Email: other@example.com",
    )
    assert extract(mail).email == "real@example.com"


def test_a_labelled_address_never_replaces_a_persons_own() -> None:
    mail = MailText(sender_address="jane@example.com", text="Email: victim@example.com")
    assert extract(mail).email == "jane@example.com"


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("call me on 0711 123456", "KE", "+254711123456"),
        ("Tel. (030) 901820", "DE", "+4930901820"),
        ("mobile +44 7911 123456", "", "+447911123456"),
        ("WhatsApp: +1 (202) 555-0123", "", "+12025550123"),
        ("order 0711 123456", "KE", ""),
        ("tel 0711 123456", "", ""),
        ("tel 12.05.2026 10:30", "DE", ""),
        ("tel +999 123456", "DE", ""),
        ("Fax: +49 30 901820", "DE", ""),
    ],
)
def test_a_phone_number_needs_a_label_or_a_country(text: str, region: str, number: str) -> None:
    assert extract(MailText(text=text), region=region).phone == number


def test_an_address_of_a_country_reads_its_numbers() -> None:
    assert extract(MailText(sender_address="a@firma.de", text="Tel 030 901820"), region="KE").phone == "+4930901820"


def test_addresses_are_found_once_each() -> None:
    assert addresses("Mail A@Example.com, a@example.com or <b@sub.example.com>.") == [
        "a@example.com",
        "b@sub.example.com",
    ]


def test_addresses_are_bounded() -> None:
    assert len(addresses(" ".join(f"a{number}@example.com" for number in range(10_000)))) == MAX_ADDRESSES


@pytest.mark.parametrize(
    "address", ["no-reply@example.com", "noreply@example.com", "do_not_reply@x.example", "bounces+1@x.example"]
)
def test_a_no_reply_address_is_known(address: str) -> None:
    assert is_no_reply(address)


@pytest.mark.parametrize(
    "hostile",
    [
        "",
        "\x00" * 100_000,
        "1" * 1_000_000,
        "+1 (" * 300_000,
        "a@" * 500_000,
        "a.b-" * 300_000,
        "name: " * 200_000,
        "On " + "a " * 500_000 + "wrote",
        "\n" * 1_000_000,
        "Regards\n" * 200_000,
        "Tel 1 1 1 1 1 1 1 1\n" * 60_000,
        "é\u0301" * 400_000,
        "\ud800 lone surrogate",
    ],
)
def test_hostile_text_is_only_text(hostile: str) -> None:
    found = extract(MailText(hostile, hostile, hostile, hostile, {"reply-to": hostile}), region="KE")
    assert len(found.name) <= 200
    assert len(found.company) <= 200
    assert "\n" not in found.name + found.email + found.company


def test_a_number_without_any_region_is_left() -> None:
    assert phone_number("0711 123456", ()) == ""
