"""Header values: who, when, about what, in which conversation."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from email_automation.parsing import Problem
from tests.email_automation.parsing.mails import mail, parsed, problems


def test_a_plain_mail_is_read() -> None:
    message = parsed(mail())
    assert (message.from_name, message.from_address) == ("Ada Lovelace", "ada@fikiri.example")
    assert [one.address for one in message.to] == ["shop@fikiri.example"]
    assert message.subject == "An order"
    assert message.date == datetime(2002, 8, 22, 11, 36, 23, tzinfo=UTC)
    assert message.message_id == "1@fikiri.example"
    assert message.text == "Two pounds, please."
    assert message.problems == ()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("=?utf-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?iso-8859-1?Q?Gr=FC=DFe_aus?= =?iso-8859-1?Q?_K=F6ln?=", "Grüße aus Köln"),
        ("=?utf-8?B?R3LD?=\n =?utf-8?B?vMOfZQ==?=", "Grüße"),  # a letter cut in two
        ("Re: =?utf-8?Q?caf=C3=A9?= (2)", "Re: café (2)"),
        ("=?utf-8?B?broken", "=?utf-8?B?broken"),
        ("=?klingon?Q?abc?=", "abc"),
        ("two\n\tlines", "two lines"),
        ("\x00nul\x07bell", "nulbell"),
        ("=?utf-7?Q?+2AA-x?=", "x"),  # half a surrogate pair
    ],
)
def test_subjects_are_decoded_onto_one_line(written: str, read: str) -> None:
    assert parsed(mail(Subject=written)).subject == read


def test_bytes_in_a_header_are_read_as_what_they_most_likely_are() -> None:
    for charset in ("utf-8", "cp1252"):
        assert parsed(mail(Subject="SIZE").replace(b"SIZE", "Größe".encode(charset))).subject == "Größe"


@pytest.mark.parametrize(
    ("written", "name", "address"),
    [
        ('"Lovelace, Ada" <Ada@Fikiri.Example>', "Lovelace, Ada", "ada@fikiri.example"),
        ("ada@fikiri.example (Ada)", "Ada", "ada@fikiri.example"),
        ("=?utf-8?Q?Ad=C3=A4?= <ada@fikiri.example>", "Adä", "ada@fikiri.example"),
        ("=?utf-8?Q?Ada_=3Cada=40fikiri.example=3E?=", "", "ada@fikiri.example"),
        ("<mailto:ada@fikiri.example>", "", "ada@fikiri.example"),
        ("Ada <ada@fikiri.example>, Bob <bob@fikiri.example>", "Ada", "ada@fikiri.example"),
        ('"A \\"Countess\\" L" <ada@fikiri.example>', 'A "Countess" L', "ada@fikiri.example"),
        ("ada@münchen.example", "", "ada@münchen.example"),
    ],
)
def test_senders_are_read_however_they_are_written(written: str, name: str, address: str) -> None:
    sender = parsed(mail(From=written)).sender
    assert (sender.name, sender.address) == (name, address)


def test_a_group_and_an_empty_one_are_read() -> None:
    message = parsed(mail(To="Team: a@fikiri.example, B <b@fikiri.example>;", Cc="undisclosed-recipients:;"))
    assert [one.address for one in message.to] == ["a@fikiri.example", "b@fikiri.example"]
    assert message.cc == ()


@pytest.mark.parametrize("attack", ["(" * 60_000, '"\\' * 30_000, "<" * 60_000, "a@" * 30_000, "," * 60_000])
def test_address_attacks_are_harmless(attack: str) -> None:
    assert parsed(mail(To=attack)).text == "Two pounds, please."


def test_of_too_many_recipients_the_first_are_kept() -> None:
    raw = mail(To=", ".join(f"p{number}@fikiri.example" for number in range(100_000)))
    assert len(parsed(raw).to) == 100
    assert Problem.TOO_MANY_RECIPIENTS in problems(raw)


def test_without_a_from_header_the_sender_header_speaks() -> None:
    message = parsed(mail(From=None, Sender="desk@fikiri.example"))
    assert message.from_address == "desk@fikiri.example"
    assert Problem.NO_FROM in message.problems


def test_a_from_header_without_an_address_keeps_its_name() -> None:
    message = parsed(mail(From="Nobody Special"))
    assert (message.from_name, message.from_address) == ("Nobody Special", "")
    assert Problem.BAD_FROM in message.problems


@pytest.mark.parametrize(
    "written",
    [
        "Thu, 22 Aug 99999 12:36:23 +0100",
        "yesterday",
        "Thu, 22 Aug 2002 12:36:23 +9999",
        "Fri, 31 Dec 9999 23:59:59 -2359",
        "Mon, 1 Jan 0069 00:00:00 +0000",
        "Thu, 99 Foo 2002 99:99:99",
        "1 " * 5000,
    ],
)
def test_dates_that_cannot_be_are_left_out(written: str) -> None:
    message = parsed(mail(Date=written))
    assert message.date is None
    assert Problem.BAD_DATE in message.problems


def test_a_date_from_the_future_is_not_believed() -> None:
    tomorrow, next_year = (datetime.now(UTC) + timedelta(days=days) for days in (1, 365))
    assert parsed(mail(Date=format_datetime(tomorrow))).date is not None
    assert parsed(mail(Date=format_datetime(next_year))).date is None


def test_without_a_date_the_time_of_arrival_counts() -> None:
    message = parsed(mail(Date=None, Received="from a by b; Thu, 22 Aug 2002 12:40:00 +0100"))
    assert message.date == datetime(2002, 8, 22, 11, 40, tzinfo=UTC)
    assert Problem.NO_DATE in message.problems


def test_a_thread_is_named_by_the_message_that_began_it() -> None:
    first = parsed(mail())
    answer = parsed(mail(Message_ID="<2@x>", In_Reply_To="<1@fikiri.example>"))
    later = parsed(mail(Message_ID="<3@x>", References="<1@fikiri.example>\n <2@x>", In_Reply_To="<2@x>"))
    assert first.thread_key == answer.thread_key == later.thread_key == "id:1@fikiri.example"
    assert later.references == ("1@fikiri.example", "2@x")


def test_googles_name_for_a_thread_and_its_labels_are_taken_over() -> None:
    message = parsed(mail(X_GM_THRID="1489", X_Gmail_Labels="=?UTF-8?Q?Inbox,B=C3=BCro,Inbox?="))
    assert message.thread_key == "google:1489"
    assert message.labels == ("Inbox", "Büro")


def test_a_thread_key_is_never_longer_than_its_column() -> None:
    assert len(parsed(mail(Message_ID=f"<{'x' * 900}@y>")).thread_key) <= 200


def test_a_message_id_without_brackets_is_read() -> None:
    assert parsed(mail(Message_ID="1@fikiri.example")).message_id == "1@fikiri.example"


def test_a_header_of_a_megabyte_is_flagged() -> None:
    message = parsed(mail(Subject="x" * 1_048_576, X_Later="y"))
    assert len(message.subject) == 500
    assert Problem.HUGE_HEADER in message.problems
    assert message.text == "Two pounds, please."


def test_a_line_that_was_wrapped_without_indentation_does_not_end_the_headers() -> None:
    message = parsed(mail(Subject="a long\nsubject", X_Last="1"))
    assert message.date is not None
    assert Problem.BAD_HEADER in message.problems


def test_text_that_follows_the_headers_at_once_is_read() -> None:
    message = parsed(b"From: ada@fikiri.example\nSubject: Hi\nno blank line here\nat all\n")
    assert message.text == "no blank line here\nat all"
    assert Problem.NO_SEPARATOR in message.problems


def test_windows_and_old_mac_line_ends_are_read() -> None:
    assert parsed(mail().replace(b"\n", b"\r\n")).text == "Two pounds, please."
    assert parsed(mail().replace(b"\n", b"\r")).text == "Two pounds, please."


def test_only_a_few_headers_are_kept() -> None:
    message = parsed(mail(List_Id="Coffee <list.fikiri.example>", X_Secret="no"))
    assert message.headers == {"list-id": "Coffee <list.fikiri.example>"}
