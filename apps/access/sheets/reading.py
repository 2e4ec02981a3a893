"""CSV bytes as a table: the characters, the delimiter, the heads, the rows with their lines.

UTF-8 with or without a byte order mark. Every refusal is a sentence for the person.
"""

import csv
import io
from collections.abc import Iterator
from typing import Final, NamedTuple

from apps.engine.document_faults import quoted

DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
MOST_COLUMNS: Final = 200
LONGEST_CELL: Final = 100_000
SAMPLE: Final = 64 * 1024
"""Bytes from the start among which the heads must end."""

_MARKS: Final = (
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
    (b"PK\x03\x04", "a workbook or another ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "compressed"),
)
_SAVE_AS = "In the spreadsheet choose “Save as” and “CSV UTF-8”, then upload that file."


class NoTableError(Exception):
    """The file is no table that can be read; ``str(error)`` is a sentence for the person."""


class Line(NamedTuple):
    """A row: the number of the line on which it starts, from 1, and its cells."""

    number: int
    cells: list[str]


def refuse_other_files(start: bytes) -> None:
    """Raises NoTableError for what is recognised by its first bytes as neither JSON nor CSV."""
    for mark, what in _MARKS:
        if start.startswith(mark):
            raise NoTableError(f"The file is {what}, and not text in UTF-8. {_SAVE_AS}")


def decoded(data: bytes) -> str:
    """The text of the file; raises NoTableError with the line where it is no UTF-8."""
    refuse_other_files(data[:8])
    if (at := data.find(b"\0")) >= 0:
        line = data.count(b"\n", 0, at) + 1
        raise NoTableError(f"The file has a null byte on line {line}: it is no text. {_SAVE_AS}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise NoTableError(
            f"The file is not UTF-8: byte 0x{byte:02x} on line {line} belongs to no character. "
            f"{_SAVE_AS}"
        ) from None


def guess_delimiter(text: str) -> str:
    """The delimiter that parts the first line into most cells; a comma when nothing parts it."""
    counts = {each: len(_first_row(text[:SAMPLE], each)) for each in DELIMITERS}
    return max(counts, key=lambda each: counts[each])


def heads_of(text: str, delimiter: str) -> list[str]:
    """The cells of the first line. Raises NoTableError when they can be no heads."""
    heads = _first_row(text[:SAMPLE], delimiter)
    if not any(head.strip() for head in heads):
        raise NoTableError(
            "The first line is empty, and it should name the columns. "
            "Take a template and put your rows under its first line."
        )
    if len(heads) > MOST_COLUMNS:
        raise NoTableError(f"The first line has {len(heads):,} cells; {MOST_COLUMNS} are the most.")
    return [head.strip() for head in heads]


def lines_of(text: str, delimiter: str) -> Iterator[Line]:
    """The rows under the heads; empty ones are passed over. Raises NoTableError."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    before = 0
    previous = csv.field_size_limit(LONGEST_CELL)
    try:
        for cells in reader:
            number, before = before + 1, reader.line_num
            if number > 1 and any(cell.strip() for cell in cells):
                yield Line(number, cells)
    except csv.Error as error:
        raise NoTableError(
            f"The table cannot be read after line {reader.line_num}: {_reason(error)}."
        ) from None
    finally:
        csv.field_size_limit(previous)


def _reason(error: csv.Error) -> str:
    if "field larger" in str(error):
        return (
            f"a cell is longer than {LONGEST_CELL:,} characters, most likely because a quotation "
            "mark is never closed"
        )
    return f"the file says {quoted(str(error))}"


def _first_row(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error:
        return []
