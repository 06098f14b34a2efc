"""The text a person would read, and attachments."""

import base64

import pytest

from email_automation.parsing import Problem
from tests.email_automation.parsing.mails import mail, multipart, parsed, problems


def test_of_alternatives_the_plain_text_is_read() -> None:
    message = parsed(
        multipart("alternative", "Content-Type: text/plain\n\nplain", "Content-Type: text/html\n\n<b>html")
    )
    assert (message.text, message.has_html) == ("plain", True)


def test_html_is_read_where_the_plain_text_is_empty() -> None:
    message = parsed(multipart("alternative", "Content-Type: text/plain\n\n \n", "Content-Type: text/html\n\n<p>html"))
    assert message.text == "html"


def test_text_parts_of_a_mixed_mail_are_joined() -> None:
    message = parsed(multipart("mixed", "\nfirst", "Content-Type: text/html\n\n<p>second", "\nthird"))
    assert message.text.split() == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("base64", base64.b64encode("Größe\n".encode())),
        ("base64", b"R3LD\n*tsO\nfZQ"),  # junk inside, no padding
        ("quoted-printable", b"Gr=C3=B6=C3=9F=\ne"),
        ("BASE64 ", base64.b64encode("Größe".encode())),
        ("8bit", "Größe".encode()),
        ("nonsense", "Größe".encode()),
    ],
)
def test_transfer_encodings_are_undone(encoding: str, body: bytes) -> None:
    raw = mail(body, Content_Type="text/plain; charset=utf-8", Content_Transfer_Encoding=encoding)
    assert parsed(raw).text == "Größe"


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("iso-8859-1", "“Größe”".encode("cp1252"), "“Größe”"),
        ("gb2312", "你好訂單".encode("gb18030"), "你好訂單"),
        ("ks_c_5601-1987", "안녕하세요".encode("cp949"), "안녕하세요"),
        ("iso-2022-jp", "こんにちは".encode("iso2022_jp"), "こんにちは"),
        ("windows-1256", "مرحبا".encode("cp1256"), "مرحبا"),
        ("utf-16", "Größe".encode("utf-16"), "Größe"),
    ],
)
def test_charsets_are_believed_where_they_fit(charset: str, body: bytes, text: str) -> None:
    encoded = base64.b64encode(body)
    raw = mail(encoded, Content_Type=f"text/plain; charset={charset}", Content_Transfer_Encoding="base64")
    assert (parsed(raw).text, parsed(raw).problems) == (text, ())


@pytest.mark.parametrize(
    ("charset", "body", "text"),
    [
        ("utf-8", "Größe".encode("cp1252"), "Größe"),
        ("us-ascii", "Größe".encode("cp1252"), "Größe"),
        ("utf-16", b"plain words", "plain words"),
        ("klingon", "Größe".encode(), "Größe"),
        ("zlib", b"words", "words"),
        ("idna", b"words", "words"),
        ("unicode_escape", b"\\x41", "\\x41"),
    ],
)
def test_charsets_that_lie_are_seen_through_and_flagged(charset: str, body: bytes, text: str) -> None:
    message = parsed(mail(body, Content_Type=f"text/plain; charset={charset}"))
    assert message.text == text
    assert Problem.BAD_CHARSET in message.problems


def test_attachments_are_known_and_not_opened() -> None:
    content = base64.b64encode(b"%PDF" * 100).decode()
    pdf = f'Content-Type: application/pdf\nContent-Disposition: attachment; filename="a.pdf"\nContent-Transfer-Encoding: base64\n\n{content}'  # noqa: E501
    image = "Content-Type: image/png; name=logo.png\nContent-ID: <logo@x>\nContent-Disposition: inline\n\npng"
    message = parsed(multipart("mixed", "\nSee the files.", pdf, image))
    assert message.text == "See the files."
    first, second = message.attachments
    assert (first.name, first.content_type, first.size, first.inline) == ("a.pdf", "application/pdf", 400, False)
    assert (second.name, second.content_id, second.inline) == ("logo.png", "logo@x", True)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('filename="../../etc/passwd"', "passwd"),
        ("filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf", "Größe.pdf"),
        ("filename*0*=utf-8''Gr%C3; filename*1*=%B6; filename*2=e.pdf", "Größe.pdf".replace("ß", "")),
        ('filename="=?utf-8?Q?Gr=C3=B6=C3=9Fe.pdf?="', "Größe.pdf"),
        ('filename="C:\\\\temp\\\\x.exe"', "x.exe"),
        ('filename=".htaccess"', "htaccess"),
        ('filename="a\x00b\x1b.txt"', "ab.txt"),
        (f'filename="{"x" * 500}"', "x" * 200),
    ],
)
def test_file_names_are_made_harmless(written: str, name: str) -> None:
    part = f"Content-Type: application/octet-stream\nContent-Disposition: attachment; {written}\n\nx"
    assert [one.name for one in parsed(multipart("mixed", "\nhi", part)).attachments] == [name]


def test_a_forwarded_message_is_an_attachment_and_its_text_is_read_where_there_is_no_other() -> None:
    inner = "Content-Type: message/rfc822\n\nSubject: Inner / letter\n\nThe inner text."
    with_text, without = parsed(multipart("mixed", "\nSee below.", inner)), parsed(multipart("mixed", inner))
    assert [one.name for one in with_text.attachments] == ["Inner - letter.eml"]
    assert (with_text.text, without.text) == ("See below.", "The inner text.")


def test_a_last_part_without_its_end_is_read() -> None:
    raw = multipart("mixed", "\nfirst", "\nsecond").replace(b"--cut--\n", b"")
    assert parsed(raw).text.split() == ["first", "second"]
    assert Problem.BAD_MIME in problems(raw)


def test_parts_without_a_boundary_are_read_as_text() -> None:
    raw = mail("just words", Content_Type="multipart/mixed")
    assert (parsed(raw).text, problems(raw)) == ("just words", {Problem.BAD_MIME})


def test_a_boundary_that_another_begins_with_is_not_mixed_up() -> None:
    body = "--a\nContent-Type: multipart/mixed; boundary=ab\n\n--ab\n\ninner\n--ab--\n--a\n\nouter\n--a--\n"
    assert parsed(mail(body, Content_Type="multipart/mixed; boundary=a")).text.split() == ["inner", "outer"]


def test_nul_bytes_are_taken_out_and_flagged() -> None:
    raw = mail("a\x00b")
    assert (parsed(raw).text, problems(raw)) == ("ab", {Problem.NUL_BYTES})


def test_a_text_that_is_too_long_is_cut() -> None:
    raw = mail("x" * 300_000)
    assert (len(parsed(raw).text), problems(raw)) == (200_000, {Problem.LONG_TEXT})


@pytest.mark.parametrize("depth", [51, 200, 3000])
def test_deep_nesting_is_flagged(depth: int) -> None:
    body = "".join(f"--b{n}\nContent-Type: multipart/mixed; boundary=b{n + 1}\n\n" for n in range(depth))
    raw = mail(body + f"--b{depth}\n\nthe core", Content_Type="multipart/mixed; boundary=b0")
    assert Problem.TOO_DEEP in problems(raw)


def test_nesting_within_the_bounds_is_read() -> None:
    body = "".join(f"--b{n}\nContent-Type: multipart/mixed; boundary=b{n + 1}\n\n" for n in range(40))
    assert parsed(mail(body + "--b40\n\nthe core", Content_Type="multipart/mixed; boundary=b0")).text == "the core"


def test_a_flood_of_parts_is_cut_off() -> None:
    raw = mail("--cut\n\nx\n" * 100_000, Content_Type="multipart/mixed; boundary=cut")
    assert Problem.TOO_MANY_PARTS in problems(raw)


def test_an_encrypted_mail_is_flagged() -> None:
    encrypted = mail("secret", Content_Type="application/pkcs7-mime; smime-type=enveloped-data")
    assert Problem.ENCRYPTED in problems(encrypted)
