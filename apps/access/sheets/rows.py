"""A table made into a document: one list of rows, and for each row the line that it stands on."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.access.sheets.cells import NOT_STATED, value_of
from apps.access.sheets.kinds import KIND_BY_NAME, SheetKind, best_kind
from apps.access.sheets.reading import NoTableError, decoded, guess_delimiter, heads_of, lines_of
from apps.engine.document import fault_of
from apps.engine.document_faults import Fault, Reason, shown
from apps.engine.document_table import FORMAT
from apps.engine.document_types import RefusedError

FIRST_VALUES = 3


@dataclass(frozen=True)
class Reading:
    """How a table is read: the list it fills, and for each column its field, or nothing."""

    list: str
    delimiter: str
    columns: tuple[str, ...]

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "Reading":
        return cls(stored["list"], stored["delimiter"], tuple(stored["columns"]))

    def as_json(self) -> dict[str, Any]:
        return {"list": self.list, "delimiter": self.delimiter, "columns": list(self.columns)}

    @property
    def kind(self) -> SheetKind:
        return KIND_BY_NAME[self.list]


@dataclass(frozen=True)
class SheetHead:
    """A column of an uploaded table: its head and its first values."""

    head: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class SheetDocument:
    """What a table says: the document, the lines of its rows, and what is wrong with its cells."""

    text: str
    lines: Sequence[int]
    faults: tuple[Fault, ...]


def guessed(data: bytes) -> Reading:
    """How the table is most likely to be read. Raises NoTableError when it is none."""
    text = decoded(data)
    delimiter = guess_delimiter(text)
    heads = heads_of(text, delimiter)
    kind = best_kind(heads)
    columns = kind.guess(heads)
    if not any(columns):
        known = ", ".join(column.name for column in kind.columns[:4])
        raise NoTableError(
            "The file is neither a JSON object nor a table that we know: none of the heads in its "
            f"first line ({shown(', '.join(heads), 80)}) is one of ours, such as {known}. "
            "Take a template and put your rows under its first line."
        )
    return Reading(kind.name, delimiter, tuple(columns))


def heads_with_values(data: bytes, delimiter: str) -> list[SheetHead]:
    """The columns of the table with what stands in the first rows. Raises NoTableError."""
    text = decoded(data)
    heads = heads_of(text, delimiter)
    values: list[list[str]] = [[] for _ in heads]
    for count, line in enumerate(lines_of(text, delimiter)):
        if count == FIRST_VALUES:
            break
        for column, cell in zip(values, line.cells, strict=False):
            column.append(shown(cell.strip(), 60))
    return [
        SheetHead(shown(head, 60), tuple(cells)) for head, cells in zip(heads, values, strict=True)
    ]


def document_of(data: bytes, reading: Reading) -> SheetDocument:
    """The table as a document that merges. Raises NoTableError when it cannot be read at all."""
    text = decoded(data)
    heads = heads_of(text, reading.delimiter)
    if len(heads) != len(reading.columns):
        raise NoTableError("The columns were chosen for another table. Choose them again.")
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    faults: list[Fault] = []
    for line in lines_of(text, reading.delimiter):
        index = len(rows)
        row, wrong = _row(reading, index, line.cells)
        rows.append(row)
        lines.append(line.number)
        faults.extend(wrong)
    document = {"format": FORMAT, reading.list: rows}
    return SheetDocument(json.dumps(document, ensure_ascii=False), lines, tuple(faults))


def _row(reading: Reading, index: int, cells: Sequence[str]) -> tuple[dict[str, Any], list[Fault]]:
    spec, columns = reading.kind.spec, reading.kind.by_name
    row: dict[str, Any] = {}
    refused: list[tuple[str, RefusedError]] = []
    for name, cell in zip(reading.columns, cells, strict=False):
        if not name:
            continue
        try:
            value = value_of(columns[name].field, cell)
        except RefusedError as error:
            refused.append((name, error))
        else:
            if value is not NOT_STATED:
                row[name] = value
    faults = [
        fault_of(spec, index, row.get("key"), name, error.reason, error.problem)
        for name, error in refused
    ]
    if extra := [cell for cell in cells[len(reading.columns) :] if cell.strip()]:
        faults.append(_too_long(reading, index, row.get("key"), extra))
    return row, faults


def _too_long(reading: Reading, index: int, key: object, extra: Sequence[str]) -> Fault:
    """A cell too many: most likely a delimiter within a text that is not in quotation marks."""
    return Fault(
        reading.list,
        index,
        shown(key) if isinstance(key, str) else None,
        None,
        Reason.BAD_VALUE,
        f"{reading.list}[{index}] has {len(extra)} more cells than the first line has columns; put "
        "quotation marks around a text that contains the delimiter.",
    )
