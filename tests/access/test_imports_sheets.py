"""Tables as CSV: characters, delimiters, heads, cells, lines."""

import json
from typing import Any

import pytest

from apps.access.sheets.cells import NOT_STATED, value_of
from apps.access.sheets.kinds import KIND_BY_NAME, KINDS, SheetKind
from apps.access.sheets.reading import NoTableError
from apps.access.sheets.rows import Reading, document_of, guessed, heads_with_values
from apps.engine.document import read_document
from apps.engine.document_table import BY_NAME
from apps.engine.document_types import RefusedError

CREDENTIALS = BY_NAME["credentials"].by_name
ENVIRONMENTS = BY_NAME["environments"].by_name


def rows_of(data: bytes) -> list[dict[str, Any]]:
    reading = guessed(data)
    sheet = document_of(data, reading)
    assert sheet.faults == ()
    found: list[dict[str, Any]] = json.loads(sheet.text)[reading.list]
    return found


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_template_reads_as_its_own_kind_without_a_fault(kind: SheetKind) -> None:
    cells = [(column.name, column.example) for column in kind.columns]
    text = ",".join(name for name, _cell in cells) + "\n"
    text += ",".join(f'"{cell}"' for _name, cell in cells)
    reading = guessed(text.encode())
    assert reading.list == kind.name
    assert reading.columns == tuple(column.name for column in kind.columns)
    sheet = document_of(text.encode(), reading)
    assert sheet.faults == read_document(sheet.text).faults == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    data = delimiter.join(["key", "name", "kind"]) + "\n" + delimiter.join(["a", "A", "partner"])
    assert rows_of(data.encode()) == [{"key": "a", "name": "A", "kind": "partner"}]


def test_a_byte_order_mark_quotation_marks_and_windows_line_ends_are_understood() -> None:
    data = (
        b"\xef\xbb\xbfkey,name,kind\r\n"
        b'a,"Ad\xc3\xa8le, Ltd\r\nParis",Partner\r\n\r\nb,,supplier\r\n'
    )
    sheet = document_of(data, guessed(data))
    assert json.loads(sheet.text)["vendors"] == [
        {"key": "a", "name": "Adèle, Ltd\r\nParis", "kind": "partner"},
        {"key": "b", "kind": "supplier"},
    ]
    assert list(sheet.lines) == [2, 5]


def test_heads_are_understood_by_other_words_and_a_second_one_is_left_out() -> None:
    reading = guessed(b"Credential ID;Issued to;Type;Valid until;Expiry date;Notes\n")
    assert reading.list == "credentials"
    assert reading.columns == ("key", "identity", "kind", "expires_at", "", "")


def test_the_first_three_values_of_each_column_are_shown() -> None:
    data = b"key,kind\n" + b"".join(b"v%d,partner\n" % n for n in range(9))
    first, second = heads_with_values(data, ",")
    assert (first.head, first.values) == ("key", ("v0", "v1", "v2"))
    assert second.values == ("partner",) * 3


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"key,name\na,\xe9t\xe9\n", "not UTF-8: byte 0xe9 on line 2"),
        ("key,name\n".encode("utf-16"), "The file is UTF-16"),
        (b"PK\x03\x04rest", "a workbook or another ZIP archive"),
        (b"key,name\na,b\0c\n", "null byte on line 2"),
        (b"lorem ipsum dolor sit amet", "none of the heads"),
        (b"\n\nkey,name\n", "first line is empty"),
        (b",".join(b"key%d" % n for n in range(300)), "300 cells"),
        (b"x" * 5_000_000, "none of the heads"),
    ],
)
def test_what_is_no_table_is_refused_in_a_sentence(data: bytes, sentence: str) -> None:
    with pytest.raises(NoTableError, match=sentence):
        guessed(data)


def test_a_quotation_mark_that_is_never_closed_is_refused_with_its_line() -> None:
    data = b'key,name\na,A\nb,"' + b"x" * 200_000
    with pytest.raises(NoTableError, match=r"after line .*never closed"):
        document_of(data, Reading("vendors", ",", ("key", "name")))


def test_more_cells_than_columns_are_a_fault_of_that_row() -> None:
    data = b"key,name,kind\na,Acme, Ltd,partner\n"
    [fault] = document_of(data, guessed(data)).faults
    assert fault.index == 0
    assert "1 more cells" in fault.message


@pytest.mark.parametrize(
    ("cell", "value"),
    [("YES", "yes"), ("true", "yes"), ("False", "no"), ("n", "no"), ("?", "unknown"),
     ("Unknown", "unknown"), ("maybe", "maybe"), ("  ", NOT_STATED)],
)  # fmt: skip
def test_words_for_yes_and_no(cell: str, value: object) -> None:
    assert value_of(ENVIRONMENTS["internet_egress"], cell) == value


def test_a_flag_that_is_not_known_is_not_stated_and_other_words_are_refused() -> None:
    field = CREDENTIALS["production_grade"]
    assert value_of(field, "yes") is True
    assert value_of(field, "No") is False
    assert value_of(field, "unknown") is NOT_STATED
    with pytest.raises(RefusedError, match="write yes or no"):
        value_of(field, "perhaps")


def test_names_of_choices_are_read_as_people_write_them() -> None:
    assert value_of(CREDENTIALS["kind"], "API key") == "api_key"
    assert value_of(ENVIRONMENTS["kind"], "Endpoint-fleet") == "endpoint_fleet"
    assert value_of(ENVIRONMENTS["kind"], "spaceship") == "spaceship"


@pytest.mark.parametrize(
    ("field", "cell", "value"),
    [
        ("issued_at", "2026-01-31", "2026-01-31T00:00:00Z"),
        ("issued_at", "31/01/2026", "2026-01-31T00:00:00Z"),
        ("issued_at", "03.04.2026", "2026-04-03T00:00:00Z"),
        ("issued_at", "05-05-2026", "2026-05-05T00:00:00Z"),
        ("expires_at", "2026-01-31", "2026-02-01T00:00:00Z"),
        ("revoked_at", "31/12/2026", "2027-01-01T00:00:00Z"),
        ("issued_at", "2026-01-31T09:30:00+02:00", "2026-01-31T09:30:00+02:00"),
        ("issued_at", "soon", "soon"),
    ],
)
def test_days_are_read_day_first_and_include_the_day_that_something_ends(
    field: str, cell: str, value: str
) -> None:
    assert value_of(CREDENTIALS[field], cell) == value


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("03/04/2026", "may be 3 April or 4 March; write 2026-04-03 or 2026-03-04"),
        ("01/31/2026", "month first; write the day as 2026-01-31"),
        ("31/02/2026", "no calendar has"),
        ("2026-13-01", "no calendar has"),
        ("31.12.0000", "no calendar has"),
    ],
)
def test_days_that_can_be_misread_are_refused_in_a_sentence(cell: str, sentence: str) -> None:
    with pytest.raises(RefusedError, match=sentence):
        value_of(CREDENTIALS["issued_at"], cell)


def test_the_last_day_of_the_calendar_does_not_end() -> None:
    with pytest.raises(RefusedError, match="too far ahead"):
        value_of(CREDENTIALS["expires_at"], "9999-12-31")


def test_what_looks_like_a_formula_is_text() -> None:
    name = BY_NAME["vendors"].by_name["name"]
    assert value_of(name, "=cmd|' /C calc'!A0") == "=cmd|' /C calc'!A0"
    assert value_of(name, "'=1+1") == "=1+1"  # as our own files write it
    assert value_of(name, "'s-Hertogenbosch") == "'s-Hertogenbosch"


def test_engagements_are_parted_by_semicolons() -> None:
    assert value_of(CREDENTIALS["engagements"], "spring; autumn ;") == ["spring", "autumn"]


def test_every_column_is_a_field_of_the_document_and_the_required_ones_are_there() -> None:
    for kind in KIND_BY_NAME.values():
        assert set(kind.by_name) == set(kind.spec.by_name), kind.name
