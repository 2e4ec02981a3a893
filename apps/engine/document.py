"""Reads and writes the interchange document: JSON text to typed rows, facts to JSON.

``read_document`` judges what can be judged row by row. Whether references resolve, which required
fields may be left out and what follows for the facts as a whole is for ``merge``.
"""

import contextlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from apps.engine.document_faults import (
    DocumentError,
    Fault,
    Faults,
    Reason,
    TooManyFaultsError,
    of_document,
    quoted,
    shown,
)
from apps.engine.document_table import (
    BY_NAME,
    FORMAT,
    LISTS,
    ORDER,
    Fact,
    FactList,
    Identifier,
    Mode,
)
from apps.engine.document_types import BAD, RefusedError, first_repeated, in_words
from apps.engine.values import Graph

__all__ = [
    "Document",
    "DocumentError",
    "Fault",
    "Reason",
    "Row",
    "fact_to_row",
    "graph_to_document",
    "read_document",
    "write_document",
]

LONGEST_NUMBER: Final = 400
MOST_HEAD_FAULTS: Final = 1000
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")

Row = dict[str, Any]
"""What a row states: values by field name, ``BAD`` where refused. What is omitted is absent."""


class Document(NamedTuple):
    """A document that has been read. ``faults`` are those of its rows, found so far.

    ``claimed`` are, by list, the texts that stand where a key should and are none: what refers to
    them refers to a row that is already refused. ``None`` stands for a row that is no object.
    """

    mode: Mode
    lists: Mapping[str, list[Row | None]]
    faults: tuple[Fault, ...]
    claimed: Mapping[str, frozenset[str]]


# --- reading -------------------------------------------------------------------------------------


def read_document(text: bytes | str) -> Document:
    """The rows of the document, each value typed. Raises ``DocumentError`` when it is none.

    That is: not UTF-8, not JSON, a repeated JSON key, a wrong format, mode or list. The faults of
    single rows are handed on in the document, so that ``merge`` can list them with its own.
    """
    document = _parse(text)
    mode = _check_head(document)
    faults = Faults()
    claimed: dict[str, frozenset[str]] = {}
    try:
        for spec in LISTS:
            if spec.name in document:
                claimed[spec.name] = _read_rows(spec, document[spec.name], faults)
    except TooManyFaultsError:
        raise DocumentError(in_order(faults.items)) from None
    return Document(
        mode,
        {spec.name: document[spec.name] for spec in LISTS if spec.name in document},
        tuple(faults.items),
        claimed,
    )


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """Faults of the document, then list by list as in the document, by row, then by field."""

    def place(fault: Fault) -> tuple[int, int, int]:
        spec = BY_NAME.get(fault.list or "")
        if spec is None:
            return (-1, 0, 0)
        field = spec.positions.get(fault.field or "", len(spec.fields) if fault.field else -1)
        return (ORDER[spec.name], -1 if fault.index is None else fault.index, field)

    return sorted(faults, key=place)


class _RepeatedKeyError(Exception):
    """An object names a key twice: which of the two is meant, nobody can say."""


class _NoJSONValueError(Exception):
    """NaN or an infinity: Python's reader would take them, JSON has none of them."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _RepeatedKeyError(first_repeated(key for key, _ in pairs))
    return found


def _whole(digits: str) -> int | float:
    # Python refuses to convert thousands of digits; as an infinity they are merely out of range.
    return int(digits) if len(digits) <= LONGEST_NUMBER else math.inf


def _fraction(digits: str) -> float:
    return float(digits) if len(digits) <= LONGEST_NUMBER else math.inf


def _constant(name: str) -> float:
    raise _NoJSONValueError(name)


def _parse(text: bytes | str) -> dict[str, Any]:
    try:
        found = json.loads(
            _decode(text),
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_fraction,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        problem = _not_json(error)
    except _NoJSONValueError as error:
        problem = f"The document is not JSON: {error} is no JSON value; write a number or null."
    except _RepeatedKeyError as error:
        key = str(error)
        raise _refused(
            f"An object of the document has the key {quoted(key)} twice; keep one of the two.",
            Reason.DUPLICATE,
            field=shown(key),
        ) from None
    except RecursionError:
        problem = (
            "The document is nested too deeply: its lists hold objects, and those at most lists of "
            "text. Check what wrote it."
        )
    else:
        if isinstance(found, dict):
            return found
        raise _refused(
            f"The document is {in_words(found)}; write one JSON object with “format” and lists.",
            Reason.WRONG_TYPE,
        )
    raise _refused(problem) from None


def _refused(
    message: str, reason: Reason = Reason.BAD_VALUE, *, field: str | None = None
) -> DocumentError:
    return DocumentError([of_document(reason, message, field=field)])


def _not_json(error: json.JSONDecodeError) -> str:
    if not error.doc.strip():
        return "The document is empty; write one JSON object with “format” and lists."
    what = (error.msg[0].lower() + error.msg[1:]).removesuffix(" at")
    return (
        f"The document is not JSON: {what} at line {error.lineno}, column {error.colno}; correct "
        "it there or a little before."
    )


def _decode(text: bytes | str) -> str:
    decoded = _decode_bytes(text) if isinstance(text, bytes) else text
    if found := _LONE_SURROGATE.search(decoded):
        raise _refused(
            f"The document contains {shown(found.group())}, half of a character, at character "
            f"{found.start()}; save it as UTF-8."
        )
    if decoded.startswith("\ufeff"):
        raise _refused(
            "The document starts with a byte order mark, which JSON does not allow; save it as "
            "UTF-8 without one."
        )
    return decoded


def _decode_bytes(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        start = error.start
    line = text.count(b"\n", 0, start) + 1
    raise _refused(
        f"The document is not UTF-8: byte 0x{text[start]:02x} on line {line}, at offset {start}, "
        "belongs to no character; save it as UTF-8."
    )


def _check_head(document: dict[str, Any]) -> Mode:
    """The mode of a document whose format, mode and lists are known; raises ``DocumentError``."""
    faults = Faults(MOST_HEAD_FAULTS)
    with contextlib.suppress(TooManyFaultsError):
        for fault in list(_format_faults(document)) or _head_faults(document):
            faults.add(fault)
    if faults.items:
        raise DocumentError(in_order(faults.items))
    return Mode(document.get("mode", Mode.MERGE))


def _format_faults(document: dict[str, Any]) -> Iterator[Fault]:
    if "format" not in document:
        yield of_document(
            Reason.MISSING_FIELD,
            f"The document does not say its “format”; write {quoted(FORMAT)}.",
            field="format",
        )
    elif not isinstance(document["format"], str):
        yield of_document(
            Reason.WRONG_TYPE,
            f"The document's “format” is {in_words(document['format'])}; write {quoted(FORMAT)}.",
            field="format",
        )
    elif document["format"] != FORMAT:
        yield of_document(
            Reason.BAD_VALUE,
            f"The document's “format” is {quoted(document['format'])}; only {quoted(FORMAT)} is "
            "understood.",
            field="format",
        )


def _head_faults(document: dict[str, Any]) -> Iterator[Fault]:
    mode = document.get("mode", "merge")
    if not isinstance(mode, str):
        yield of_document(
            Reason.WRONG_TYPE,
            f"The document's “mode” is {in_words(mode)}; write “merge” or “replace”.",
            field="mode",
        )
    elif mode not in [*Mode]:
        yield of_document(
            Reason.BAD_VALUE,
            f"The document's “mode” is {quoted(mode)}; write “merge” or “replace”.",
            field="mode",
        )
    for name, value in document.items():
        if name in ("format", "mode"):
            continue
        if name not in BY_NAME:
            yield of_document(
                Reason.UNKNOWN_FIELD,
                f"The document has {quoted(name)}, which is no list of this format; remove it or "
                f"correct its name (the lists are {', '.join(BY_NAME)}).",
                field=shown(name),
            )
        elif not isinstance(value, list):
            yield of_document(
                Reason.WRONG_TYPE,
                f"“{name}” of the document is {in_words(value)}; write a list.",
                list=name,
            )


def _read_rows(spec: FactList, rows: list[Any], faults: Faults) -> frozenset[str]:
    """Turn the JSON objects of one list into rows, in place; the texts that are no keys."""
    claimed: set[str] = set()
    for index, row in enumerate(rows):
        if not isinstance(row, dict):
            faults.add(
                Fault(
                    spec.name,
                    index,
                    None,
                    None,
                    Reason.WRONG_TYPE,
                    f"{spec.name}[{index}] is {in_words(row)}; write an object.",
                )
            )
            rows[index] = None
            continue
        key = row.get("key")
        if _read_row(spec, index, row, faults) and isinstance(key, str):
            claimed.add(key)
    return frozenset(claimed)


def _read_row(spec: FactList, index: int, row: Row, faults: Faults) -> bool:
    """Read the values of one row, in place; true when its key is none."""
    key = row.get("key")
    for name, value in row.items():
        field = spec.by_name.get(name)
        if field is None:
            faults.add(_unknown_field(spec, index, key, name))
            continue
        try:
            row[name] = field.default_of_null() if value is None else field.type.read(value)
        except RefusedError as refused:
            row[name] = refused.rest
            faults.add(fault_of(spec, index, key, name, refused.reason, refused.problem))
    for name in spec.identity:
        if name not in row:
            faults.add(missing_field(spec, index, key, name))
    return row.get("key") is BAD


def fault_of(
    spec: FactList, index: int, key: object, field: str, reason: Reason, problem: str
) -> Fault:
    """A fault of one field; ``problem`` goes on after the field's name."""
    return Fault(
        spec.name,
        index,
        shown(key) if isinstance(key, str) and not spec.is_relation else None,
        field,
        reason,
        f"“{field}” of {spec.name}[{index}] {problem}.",
    )


def missing_field(spec: FactList, index: int, key: object, field: str) -> Fault:
    """A fault: a required field that cannot be left out."""
    needed = "every row needs one" if field in spec.identity else f"a new {spec.noun} needs one"
    return fault_of(
        spec, index, key, field, Reason.MISSING_FIELD, f"is missing, and {needed}; state it"
    )


def _unknown_field(spec: FactList, index: int, key: object, name: str) -> Fault:
    return Fault(
        spec.name,
        index,
        shown(key) if isinstance(key, str) and not spec.is_relation else None,
        shown(name),
        Reason.UNKNOWN_FIELD,
        f"{spec.name}[{index}] has {quoted(name)}, which is no field of “{spec.name}”; remove it "
        "or correct its name.",
    )


# --- writing -------------------------------------------------------------------------------------


def fact_to_row(spec: FactList, fact: Fact) -> dict[str, Any]:
    """The fact as a JSON object with every field stated, none as null."""
    return {
        field.name: None if value is None else field.type.write(value)
        for field, value in zip(spec.fields, fact, strict=True)
    }


def _sort_key(spec: FactList) -> Any:
    def key(fact: Fact) -> Identifier:
        return spec.identify(fact)

    return key


def graph_to_document(graph: Graph) -> dict[str, Any]:
    """The whole graph as a document: all facts, every field, sorted, times in UTC with Z."""
    document: dict[str, Any] = {"format": FORMAT, "mode": str(Mode.MERGE)}
    for spec in LISTS:
        facts: Iterable[Fact] = getattr(graph, spec.name)
        document[spec.name] = [
            fact_to_row(spec, fact) for fact in sorted(facts, key=_sort_key(spec))
        ]
    return document


def write_document(facts: Mapping[str, Iterable[Fact]]) -> Iterator[str]:
    """The document as text, piece by piece and one row a line, from sorted facts by list."""
    yield f'{{\n"format": {json.dumps(FORMAT)},\n"mode": {json.dumps(Mode.MERGE)}'
    for spec in LISTS:
        yield f',\n"{spec.name}": ['
        separator = "\n"
        for fact in facts.get(spec.name, ()):
            yield separator + json.dumps(fact_to_row(spec, fact), ensure_ascii=False)
            separator = ",\n"
        yield "]" if separator == "\n" else "\n]"
    yield "\n}\n"
