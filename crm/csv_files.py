"""CSV files of strangers, read a row at a time: any size, any encoding, any columns."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from crm.csv_cells import original

if TYPE_CHECKING:
    from _csv import Reader

MAX_BYTES = 20 * 1024 * 1024
MAX_ROWS = 100_000
MAX_COLUMNS = 200
BLOCK = 64 * 1024  # bytes

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}

# How address books and spreadsheets call a column. Every other column is ignored, ids and owners too.
_COLUMNS = {
    "email": "email|e mail|mail|email address|e mail address|e mail 1 value|primary email|work email",
    "name": "name|full name|display name|contact|contact name",
    "first_name": "first name|given name|firstname",
    "last_name": "last name|family name|surname|lastname",
    "phone": "phone|phone number|telephone|tel|mobile|mobile phone|phone 1 value|business phone|primary phone",
    "company": "company|organization|organisation|company name|organization name|organization 1 name|business",
    "source": "source|lead source",
    "notes": "notes|note|comments|comment",
    "tags": "tags|tag|labels|label|categories",
}
_FIELD_OF = {name: field for field, names in _COLUMNS.items() for name in names.split("|")}


class BadFileError(ValueError):
    """A file cannot be imported; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row's known fields, without empty ones. `line` is where it ends in the file; `problem` why it has none."""

    line: int
    fields: dict[str, str]
    problem: str = ""


def rows(path: Path, encoding: str | None = None) -> Iterator[Row]:
    """Every row that is not blank, after the header; at most MAX_ROWS, and then one that says so.

    Raises:
        BadFileError: before the first row.
    """
    encoding = encoding or _encoding(path)
    _check(path, encoding)
    with path.open(encoding=encoding, newline="") as file:
        delimiter = _delimiter(file.readline())
        file.seek(0)
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        columns = _columns(reader)
        for count, row in enumerate(_read(reader, columns), start=1):
            if count > MAX_ROWS:
                yield Row(row.line, {}, f"more than {MAX_ROWS} rows: nothing is read from here on. Split the file.")
                return
            yield row


def _encoding(path: Path) -> str:
    if not path.is_file():
        raise BadFileError(f"{path}: no such file. Give the path of a CSV file.")
    with path.open("rb") as file:
        start = file.read(3)
    return next((encoding for mark, encoding in _MARKS.items() if start.startswith(mark)), "utf-8")


def _check(path: Path, encoding: str) -> None:
    """Read it once in blocks, so that nothing is imported of a file that turns out not to be text."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError:
        raise BadFileError(f"Unknown encoding {encoding!r}. Try utf-8, cp1252 or utf-16.") from None
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise BadFileError(f"{path}: {size} bytes, at most {MAX_BYTES} are read. Split the file.")
    if size == 0:
        raise BadFileError(f"{path}: is empty. The first line must name the columns, email among them.")
    with path.open("rb") as file:
        while True:
            block = file.read(BLOCK)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeError:
                raise BadFileError(f"{path}: is not {encoding}. Save it as UTF-8, or name its --encoding.") from None
            if "\0" in text:
                raise BadFileError(f"{path}: holds NUL bytes: no text in {encoding}. Save it as CSV in UTF-8.")
            if not block:
                return


def _delimiter(header: str) -> str:
    return max(",;\t", key=header.count)


def _columns(reader: Iterator[list[str]]) -> dict[str, int]:
    """Field -> position; the first column of a name counts."""
    try:
        header = next(reader, [])
    except csv.Error as error:
        raise BadFileError(f"The first line cannot be read: {error}.") from None
    if len(header) > MAX_COLUMNS:
        raise BadFileError(f"The first line has {len(header)} columns, at most {MAX_COLUMNS} are read.")
    columns: dict[str, int] = {}
    for position, name in enumerate(header):
        field = _FIELD_OF.get(re.sub(r"[\W_]+", " ", name.lower()).strip())
        if field:
            columns.setdefault(field, position)
    if "email" not in columns:
        raise BadFileError(
            "No column is called email. The first line must name the columns, such as: email,name,phone,company"
        )
    return columns


def _read(reader: Reader, columns: dict[str, int]) -> Iterator[Row]:
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield Row(reader.line_num, {}, f"cannot be read: {error}. Is a quote not closed?")
            continue
        if len(cells) > MAX_COLUMNS:
            yield Row(reader.line_num, {}, f"has {len(cells)} columns, at most {MAX_COLUMNS} are read.")
        elif any(cell.strip() for cell in cells):
            yield Row(reader.line_num, _fields(cells, columns))


def _fields(cells: list[str], columns: dict[str, int]) -> dict[str, str]:
    found = {field: cells[position].strip() for field, position in columns.items() if position < len(cells)}
    found = {field: original(cell) for field, cell in found.items() if cell}
    parts = [found.pop(part, "") for part in ("first_name", "last_name")]
    if any(parts):
        found.setdefault("name", " ".join(parts).strip())
    return found
