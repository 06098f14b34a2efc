"""The mail sink's pages show text, to superusers, and nothing that lies elsewhere."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

MAIL = b"""From: Ann <ann@example.com>\r\nTo: bob@example.com\r\nSubject: <b>Hello</b>\r\nContent-Type: text/html\r
\r\n<p>Read <a href="javascript:alert(1)">me</a><script>alert(2)</script></p>"""


@pytest.fixture
def keep(tmp_path: Path, settings: Settings) -> Callable[[str, bytes], None]:
    settings.MAIL_SINK_DIR = tmp_path / "mail"
    settings.MAIL_SINK_DIR.mkdir()
    (tmp_path / "secret.eml").write_bytes(b"Subject: elsewhere\r\n\r\n")

    def write(name: str, content: bytes) -> None:
        (settings.MAIL_SINK_DIR / name).write_bytes(content)

    return write


def test_the_newest_mail_comes_first(admin_client: Client, keep: Callable[[str, bytes], None]) -> None:
    keep("20260101T000000-a.eml", b"From: a@example.com\r\nSubject: yesterday\r\n\r\n")
    keep("20260102T000000-b.eml", b"From: a@example.com\r\nSubject: today\r\n\r\n")
    page = admin_client.get("/admin/mail-sink/").content.decode()
    assert page.index(">today<") < page.index(">yesterday<")


def test_markup_in_a_mail_is_shown_and_never_obeyed(admin_client: Client, keep: Callable[[str, bytes], None]) -> None:
    keep("a.eml", MAIL)
    page = admin_client.get("/admin/mail-sink/a.eml").content.decode()
    assert "&lt;b&gt;Hello&lt;/b&gt;" in page
    assert "alert(2)" not in page
    assert "javascript:" not in page


@pytest.mark.parametrize("name", ["..%2Fsecret.eml", "%2Fetc%2Fpasswd", "nothing.eml", "a.txt", "a%00.eml"])
def test_no_other_file_can_be_asked_for(name: str, admin_client: Client, keep: Callable[[str, bytes], None]) -> None:
    keep("a.txt", b"Subject: no mail of the sink\r\n\r\n")
    assert admin_client.get(f"/admin/mail-sink/{name}").status_code == 404


def test_what_is_no_mail_is_shown_as_such(admin_client: Client, keep: Callable[[str, bytes], None]) -> None:
    keep("a.eml", b"\0\1\2")
    assert "Not a mail" in admin_client.get("/admin/mail-sink/").content.decode()
    assert "Not a mail" in admin_client.get("/admin/mail-sink/a.eml").content.decode()


def test_an_empty_sink_says_so(admin_client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.MAIL_SINK_DIR = tmp_path / "not-made-yet"
    assert "No mail yet" in admin_client.get("/admin/mail-sink/").content.decode()


def test_only_superusers_see_it(client: Client, keep: Callable[[str, bytes], None], django_user_model: type) -> None:
    staff = django_user_model.objects.create_user("staff", is_staff=True)  # type: ignore[attr-defined]
    assert client.get("/admin/mail-sink/").status_code == 302
    client.force_login(staff)
    assert client.get("/admin/mail-sink/").status_code == 403
    assert client.get("/admin/mail-sink/a.eml").status_code == 403


def test_the_admin_points_there_and_to_flower(admin_client: Client, settings: Settings) -> None:
    settings.FLOWER_URL = "http://127.0.0.1:5555"
    page = admin_client.get("/admin/").content.decode()
    assert "/admin/mail-sink/" in page
    assert "http://127.0.0.1:5555" in page
