"""The sample mailbox keeps what it promises."""

import hashlib
import io
import json
import mailbox
import re
from collections import Counter
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from itertools import pairwise

import pytest

from email_automation.ai.schemas import Intent
from email_automation.sample import EXPECTED, MBOX, OWNER, files
from email_automation.sample.build import Expectation, build
from email_automation.sample.letters import read_letters

RESERVED = re.compile(r"(^|\.)(example|invalid|test|example\.(com|org|net))$")
HOST = re.compile(r"(?:@|://|\bwww\.)([\w-]+(?:\.[\w-]+)*)", re.ASCII)
REAL = re.compile(r"[\w-]+\.(?:com|net|org|io|co|uk|de|fr|es|pt|br|jp|ru|ke|tz|gov|edu|eu)\b", re.ASCII)
PHONE = re.compile(r"(?<![\w/.-])(?:\+|0)\d[\d ()-]{7,}\d")
# Ranges that regulators keep for films and books: United States, United Kingdom, Ireland, Germany, France.
FICTION = re.compile(
    r"\+120255501\d\d"
    r"|(?:\+44|0)(?:2079460\d{3}|7700900\d{3}|1632960\d{3}|1[1-6]\d4960\d{3}|1914980\d{3}|2920180\d{3})"
    r"|02091\d{5}"
    r"|(?:\+49|0)(?:3023125|4066969|2214710|8999998)\d{3}"
    r"|0(?:26191|46571|53649|63998)\d{4}"
)
AUTOMATIC = ("Auto-Submitted", "List-Id", "List-Unsubscribe", "Precedence", "X-Autoreply")

Mail = tuple[bytes, Message, Expectation]


@pytest.fixture(scope="module")
def mails() -> list[Mail]:
    """Raw bytes without the From_ line, the message, and what is expected of it."""
    raw = [entry[:-1] for entry in re.split(rb"(?m)^From [^\n]*\n", MBOX.read_bytes())[1:]]
    expected: list[Expectation] = json.loads(EXPECTED.read_text(encoding="utf-8"))
    return [(data, message_from_bytes(data), entry) for data, entry in zip(raw, expected, strict=True)]


@pytest.fixture(scope="module")
def by_letter(mails: list[Mail]) -> dict[str, Mail]:
    return {mail[2]["letter"]: mail for mail in mails}


def test_building_again_gives_the_committed_files() -> None:
    mbox, expected = build()
    assert mbox == MBOX.read_bytes()
    assert expected == json.loads(EXPECTED.read_text(encoding="utf-8"))


def test_it_is_small_and_has_about_two_hundred_messages(mails: list[Mail]) -> None:
    assert 190 <= len(mails) <= 225
    assert MBOX.stat().st_size < 1_000_000


def test_an_mbox_reader_finds_the_same_messages(mails: list[Mail]) -> None:
    found = mailbox.mbox(MBOX, create=False)
    assert len(found) == len(mails)
    found.close()


@pytest.mark.parametrize(
    ("kind", "least"),
    [
        ("sales", 33),
        ("support", 27),
        ("billing", 22),
        ("appointment", 18),
        ("complaint", 14),
        ("newsletter", 13),
        ("notification", 9),
        ("automatic", 11),
        ("spam", 22),
        ("personal", 8),
        ("other", 6),
    ],
)
def test_every_kind_of_mail_is_there(mails: list[Mail], kind: str, least: int) -> None:
    assert Counter(expected["kind"] for *_, expected in mails)[kind] >= least


def test_every_message_that_can_be_read_has_a_label(mails: list[Mail]) -> None:
    intents = {intent.value for intent in Intent}
    for _, _, expected in mails:
        assert (expected["intent"] is None) == ("own" in expected or "unreadable" in expected)
        assert {expected["intent"] or "other", *expected.get("also", [])} <= intents
        assert expected["spam"] == (expected["intent"] == "spam")


def test_nine_languages_are_there(mails: list[Mail]) -> None:
    languages = Counter(expected["language"] for *_, expected in mails)
    assert set(languages) == {"en", "de", "fr", "es", "pt", "sw", "ja", "ar", "ru"}
    assert languages["en"] > len(mails) / 2
    assert min(languages.values()) >= 3


@pytest.mark.parametrize(
    "family",
    [
        {"us-ascii", "utf-8", "utf-16"},
        {"iso-8859-1", "iso-8859-15", "windows-1252"},
        {"koi8-r", "windows-1251", "windows-1256"},
        {"iso-2022-jp", "shift_jis"},
        {"x-joiners-own-8"},
    ],
)
def test_every_charset_is_there(mails: list[Mail], family: set[str]) -> None:
    assert family <= {str(part.get_content_charset()) for _, message, _ in mails for part in message.walk()}


@pytest.mark.parametrize("encoding", ["7bit", "8bit", "quoted-printable", "base64"])
def test_every_transfer_encoding_is_there(mails: list[Mail], encoding: str) -> None:
    texts = [part for _, message, _ in mails for part in message.walk() if part.get_content_maintype() == "text"]
    assert encoding in {part["Content-Transfer-Encoding"] for part in texts}


def test_texts_decode_in_the_charset_they_declare_except_where_they_lie(mails: list[Mail]) -> None:
    liars = [expected["letter"] for _, message, expected in mails if not all(map(_decodes, message.walk()))]
    assert liars == ["unreadable-archive", "broken-lying-charset", "broken-unknown-charset", "unreadable-block"]


def test_messages_come_in_many_shapes(mails: list[Mail]) -> None:
    tops = {message.get_content_type() for _, message, _ in mails}
    parts = {part.get_content_type() for _, message, _ in mails for part in message.walk()}
    assert tops >= {"text/plain", "text/html", "multipart/alternative", "multipart/mixed", "multipart/related"}
    assert tops >= {"multipart/report"}
    assert parts >= {"application/pdf", "image/png", "text/csv", "text/calendar", "application/zip", "message/rfc822"}
    assert any(message.get_param("format") == "flowed" for _, message, _ in mails)


def test_no_address_and_no_link_leaves_the_reserved_domains(mails: list[Mail]) -> None:
    separators = b"\n".join(re.findall(rb"(?m)^From .*$", MBOX.read_bytes())).decode()
    shown = [_everything_shown(message) for _, message, expected in mails if "unreadable" not in expected]
    hosts = {host for text in [separators, *shown] for host in HOST.findall(text) + REAL.findall(text)}
    assert {host for host in hosts if not RESERVED.search(host)} == set()
    assert len(hosts) > 100


def test_phone_numbers_are_those_of_fiction() -> None:
    letters = [letter for letter in read_letters().values() if letter.direction("form") != "bytes"]
    texts = [text for letter in letters for text in (letter.text, *(section.text for section in letter.sections))]
    numbers = [re.sub(r"[ ()-]", "", number) for text in texts for number in PHONE.findall(text)]
    assert len(numbers) >= 40
    assert [number for number in numbers if not FICTION.fullmatch(number)] == []


def test_ten_threads_have_answers_that_quote(mails: list[Mail]) -> None:
    answered = Counter(str(message["References"]).split()[0] for _, message, _ in mails if message["References"])
    assert len(answered) >= 10
    assert max(answered.values()) >= 2
    assert sum(b"\n> > " in data for data, *_ in mails) >= 3


def test_answers_come_after_what_they_answer(mails: list[Mail]) -> None:
    seen: set[str] = set()
    for _, message, expected in mails:
        assert expected["kind"] == "spam" or set(str(message["References"] or "").split()) <= seen
        seen |= {str(value) for value in message.get_all("Message-ID", [])}


def test_takeout_labels_share_a_thread_number(mails: list[Mail]) -> None:
    labelled = [message for _, message, _ in mails if message["X-Gmail-Labels"]]
    numbers = Counter(message["X-GM-THRID"] for message in labelled)
    assert len(labelled) >= 25
    assert numbers.most_common(1)[0][1] >= 3


def test_duplicates_are_the_same_bytes_and_nothing_else_is(mails: list[Mail]) -> None:
    digests = [hashlib.sha256(data).hexdigest() for data, *_ in mails]
    copies = [(place, mail[2]["duplicate_of"]) for place, mail in enumerate(mails) if "duplicate_of" in mail[2]]
    assert len(copies) == 2
    assert all(digests[copy] == digests[first] for copy, first in copies)
    assert len(set(digests)) == len(mails) - len(copies)


def test_two_messages_are_no_mail_at_all(mails: list[Mail]) -> None:
    unreadable = [message for _, message, expected in mails if expected.get("unreadable")]
    assert len(unreadable) == 2
    assert all(not message.keys() for message in unreadable)


def test_headers_are_broken_in_the_ways_of_real_mail(by_letter: dict[str, Mail]) -> None:
    headers = {letter: message for letter, (_, message, _) in by_letter.items()}
    assert headers["broken-no-date"]["Date"] is None
    assert "99999" in headers["broken-year-99999"]["Date"]
    assert headers["broken-no-from"]["From"] is headers["broken-no-from"]["Message-ID"] is None
    assert len(headers["broken-three-froms"].get_all("From", [])) == 3
    assert len(headers["broken-doubled-id"].get_all("Message-ID", [])) == 2
    assert headers["sales-01"]["Message-ID"] in headers["broken-doubled-id"].get_all("Message-ID", [])
    assert b"Subject: St\xf6rung" in by_letter["broken-8bit-headers"][0]
    assert "room?" in headers["broken-folding"]["Subject"]


def test_bodies_are_broken_in_the_ways_of_real_mail(by_letter: dict[str, Mail]) -> None:
    assert b"\0" in by_letter["broken-nul-bytes"][0]
    assert by_letter["broken-cut-off"][0].rstrip().endswith(b"--") is False
    assert len(list(by_letter["broken-nested"][1].walk())) > 14
    assert b"\r\n" in by_letter["billing-23"][0]


def test_lines_that_begin_with_from_are_quoted_so_that_they_can_be_given_back(by_letter: dict[str, Mail]) -> None:
    quoted = by_letter["broken-from-lines"][0]
    letter = read_letters()["broken-from-lines"]
    assert b"\n>From Kenya" in quoted
    assert letter.text.encode() in re.sub(rb"(?m)^>(?=>*From )", b"", quoted)


def test_automatic_mail_says_so_in_its_headers_and_other_mail_does_not(mails: list[Mail]) -> None:
    for _, message, expected in mails:
        declared = any(message[name] for name in AUTOMATIC) or "noreply" in str(message["From"]).replace("-", "")
        assert declared == expected["automatic"], expected["letter"]


def test_the_owners_own_mail_is_marked(mails: list[Mail]) -> None:
    own = [message for _, message, expected in mails if expected.get("own")]
    assert len(own) >= 8
    assert all(OWNER in message["From"] for message in own)


def test_no_header_gives_the_label_away(mails: list[Mail]) -> None:
    for data, _, expected in mails:
        assert expected["letter"].encode() not in data


def test_pictures_are_whole_files() -> None:
    picture = io.BytesIO(files.png(4, 3, 10, 20, 30))
    assert picture.read(8) == b"\x89PNG\r\n\x1a\n"
    assert [name for name, _ in _chunks(picture)] == [b"IHDR", b"IDAT", b"IEND"]


def test_a_pdf_says_where_its_objects_are() -> None:
    data = files.pdf(["One (1)", "Two"])
    offsets = [int(line[:10]) for line in data.split(b"0000000000 65535 f \n")[1].splitlines()[:5]]
    assert all(data[start:].startswith(b"%d 0 obj" % number) for number, start in enumerate(offsets, start=1))
    assert all(first < second for first, second in pairwise(offsets))


def _decodes(part: Message) -> bool:
    if part.get_content_maintype() != "text":
        return True
    try:
        _body(part).decode(part.get_content_charset() or "us-ascii")
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _body(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _everything_shown(message: Message) -> str:
    """All headers and texts, also those of a message within; pictures show no address."""
    parts = [part for part in message.walk() if part.get_content_maintype() != "image"]
    headers = [str(make_header(decode_header(str(value)))) for part in parts for value in part.values()]
    return "\n".join([*headers, *map(_text, parts)])


def _text(part: Message) -> str:
    declared = str(part.get_content_charset() or "latin-1")
    return _body(part).decode("latin-1" if declared.startswith("x-") else declared, "replace")


def _chunks(file: io.BytesIO) -> list[tuple[bytes, bytes]]:
    chunks = []
    while size := file.read(4):
        name, data, _ = file.read(4), file.read(int.from_bytes(size, "big")), file.read(4)
        chunks.append((name, data))
    return chunks
