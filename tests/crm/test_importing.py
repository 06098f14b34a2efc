from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from crm import csv_files
from crm.models import Activity, Contact, Lead
from crm.services import upsert_lead


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "people.csv"


def run(file: Path, user: User, **options: Any) -> None:
    call_command("import_contacts", str(file), user=user.username, **options)


def test_rows_become_contacts_and_no_leads(file: Path, user: User, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("email,name,phone,company,tags\nJane@Acme.example,Jane,(212) 555-0123,Acme,vip; berlin\n")
    run(file, user)
    jane = Contact.objects.get()
    assert (jane.user, jane.email, jane.name, jane.phone) == (user, "jane@acme.example", "Jane", "+12125550123")
    assert (jane.company, jane.tags) == ("Acme", ["vip", "berlin"])
    assert not Lead.objects.exists()
    assert "1 contacts created, 0 known, 0 rows failed." in capsys.readouterr().out


def test_the_same_file_again_changes_nothing(file: Path, user: User) -> None:
    file.write_text("email,name\njane@acme.example,Jane\n")
    run(file, user)
    run(file, user)
    assert Contact.objects.count() == 1
    assert Activity.objects.get().kind == "import"


def test_ids_and_owners_in_a_file_are_ignored(file: Path, user: User, stranger: User) -> None:
    file.write_text(f"id,user,user_id,owner,email,score\n7,{stranger.pk},{stranger.pk},bob,jane@acme.example,100\n")
    run(file, user)
    assert Contact.objects.get().user == user


def test_blanks_are_filled_and_the_rest_stays_unless_told(file: Path, user: User) -> None:
    upsert_lead({"user_id": user.pk, "email": "jane@acme.example", "name": "Jane"})
    file.write_text("email,name,company\njane@acme.example,J. Doe,Acme\n")
    run(file, user)
    assert Contact.objects.values_list("name", "company").get() == ("Jane", "Acme")
    run(file, user, overwrite=True)
    assert Contact.objects.get().name == Lead.objects.get().name == "J. Doe"


def test_address_books_of_others_are_understood(file: Path, user: User) -> None:
    file.write_text(
        "First Name;Last Name;E-mail 1 - Value;Phone 1 - Value;Organization Name\n"
        "Jürgen;Groß;juergen@acme.example;+49 30 1234567;Bücher GmbH\n",
        encoding="utf-16",
    )
    run(file, user)
    assert Contact.objects.values_list("name", "phone", "company").get() == (
        "Jürgen Groß",
        "+49301234567",
        "Bücher GmbH",
    )


def test_bad_rows_are_reported_and_the_others_imported(
    file: Path, user: User, capsys: pytest.CaptureFixture[str]
) -> None:
    long = "x" * 300
    file.write_text(f'email,name\nno address,A\n,B\na@acme.example,{long}\n\nb@acme.example,"B\nB"\nc@acme.example,C\n')
    with pytest.raises(CommandError, match="2 contacts created, 0 known, 3 rows failed") as caught:
        run(file, user)
    assert caught.value.returncode == 1
    errors = capsys.readouterr().err
    assert "line 2: " in errors
    assert "line 3: email: is empty." in errors
    assert "line 4: name: " in errors
    assert list(Contact.objects.order_by("email").values_list("name", flat=True)) == ["B B", "C"]


def test_a_quote_that_is_not_closed_is_reported(file: Path, user: User, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text('email,name\na@acme.example,A\nb@acme.example,"B\n')
    with pytest.raises(CommandError, match="1 contacts created, 0 known, 1 rows failed"):
        run(file, user)
    assert "Is a quote not closed?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"name,phone\nJane,1\n", "No column is called email"),
        (b"email,name\nj\xfcrgen@acme.example,J\n", "is not utf-8"),
        (b"email\0,name\n", "NUL bytes"),
        ("email\njane@acme.example\n".encode("utf-16-le"), "NUL bytes"),
        (b"\xff\xfee", "is not utf-16"),
        (b"," * 10_000, "10001 columns"),
        (b'"email', "cannot be read"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is not utf-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(file: Path, user: User, content: bytes, problem: str) -> None:
    file.write_bytes(content)
    with pytest.raises(CommandError, match=problem) as caught:
        run(file, user)
    assert caught.value.returncode == 2
    assert not Contact.objects.exists()


def test_a_named_encoding_is_used(file: Path, user: User) -> None:
    file.write_bytes("email,name\nj@acme.example,Jürgen\n".encode("cp1252"))
    run(file, user, encoding="cp1252")
    assert Contact.objects.get().name == "Jürgen"
    with pytest.raises(CommandError, match="Unknown encoding 'klingon'"):
        run(file, user, encoding="klingon")


def test_a_row_with_too_many_columns_is_passed_over(file: Path, user: User) -> None:
    file.write_text("email\n" + "," * 10_000 + "\na@acme.example\n")
    with pytest.raises(CommandError, match="1 contacts created, 0 known, 1 rows failed"):
        run(file, user)


def test_a_file_that_is_too_large_is_refused(file: Path, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "MAX_BYTES", 20)
    file.write_text("email\njane@acme.example\n")
    with pytest.raises(CommandError, match="24 bytes, at most 20"):
        run(file, user)


def test_rows_beyond_the_limit_are_not_imported(file: Path, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "MAX_ROWS", 2)
    file.write_text("email\n" + "".join(f"p{n}@acme.example\n" for n in range(4)))
    with pytest.raises(CommandError, match="2 contacts created, 0 known, 1 rows failed"):
        run(file, user)
    assert Contact.objects.count() == 2


def test_no_file_and_no_user_are_named(tmp_path: Path, file: Path, user: User) -> None:
    with pytest.raises(CommandError, match="no such file") as caught:
        run(tmp_path, user)
    assert caught.value.returncode == 2
    file.write_text("email\n")
    with pytest.raises(CommandError, match="There is no user 'nobody'"):
        call_command("import_contacts", str(file), user="nobody")


def test_what_is_exported_comes_back_as_it_was(file: Path, user: User, stranger: User) -> None:
    upsert_lead(
        {"user_id": user.pk, "email": "jane@acme.example", "name": "=cmd|' /C calc'!A0", "phone": "+12125550123",
         "company": "'@Acme", "notes": '-1+1\n"quoted"; ü', "tags": ["vip", "b"], "source": "mail"}
    )  # fmt: skip
    call_command("export_contacts", user=user.username, output=file)
    run(file, stranger)
    fields = ("email", "name", "phone", "company", "tags", "source")
    ours, theirs = (Contact.objects.filter(user=owner).values(*fields).get() for owner in (user, stranger))
    assert ours == theirs


class TestExport:
    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "'=", "\uff1d"])
    def test_formulas_are_neutralised(self, user: User, start: str, capsys: pytest.CaptureFixture[str]) -> None:
        upsert_lead({"user_id": user.pk, "email": "jane@acme.example", "name": start + "1+1"})
        call_command("export_contacts", user=user.username)
        rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
        assert rows[0]["name"] == f"'{start}1+1"

    def test_every_contact_of_the_user_and_of_nobody_else_is_written(
        self, file: Path, user: User, stranger: User
    ) -> None:
        upsert_lead({"user_id": user.pk, "email": "a@acme.example", "stage": "booked"})
        upsert_lead({"user_id": user.pk, "email": "b@acme.example", "message_key": "m:1", "intent": "support"})
        upsert_lead({"user_id": stranger.pk, "email": "c@acme.example"})
        call_command("export_contacts", user=user.username, output=file)
        with file.open(encoding="utf-8-sig", newline="") as source:
            rows = list(csv.DictReader(source))
        assert [(row["email"], row["stage"], row["messages"]) for row in rows] == [
            ("a@acme.example", "booked", "0"),
            ("b@acme.example", "", "1"),
        ]

    def test_an_existing_file_is_not_overwritten(self, file: Path, user: User) -> None:
        file.write_text("precious")
        with pytest.raises(CommandError, match="File exists"):
            call_command("export_contacts", user=user.username, output=file)
        assert file.read_text() == "precious"
