"""Folds the rows of a document into facts, one list at a time, resolving what they refer to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from apps.engine.document import Document, Row, fault_of, missing_field
from apps.engine.document_faults import Faults, Reason, quoted
from apps.engine.document_table import BY_NAME, Fact, FactList, Field, Identifier
from apps.engine.document_types import BAD, Reference
from apps.engine.values import INTERNET, Graph

_NOTHING_KNOWN: Mapping[str, str] = {}


class _Column(NamedTuple):
    name: str
    field: Field
    known: Mapping[str, str]


@dataclass(slots=True)
class Place:
    """A row of the document, and where it stands."""

    spec: FactList
    index: int
    row: Row


class Work:
    """A merge under way: what stands, what the rows make of it, what was found wrong.

    A fact that comes of a refused row holds ``BAD`` where the row was refused; whoever reads facts
    to check them passes over it, so that one wrong thing is one fault.
    """

    def __init__(self, state: Graph, document: Document, now: datetime, faults: Faults) -> None:
        self.state = state
        self.document = document
        self.now = now
        self.faults = faults
        self.written: dict[str, dict[Identifier, Fact]] = {}
        self.rows: dict[str, dict[Identifier, int]] = {}
        self.repeated: dict[str, set[Identifier]] = {}
        self.judged: dict[str, list[tuple[Place, Fact]]] = {"member_of": [], "allowlist": []}
        self._stored: dict[str, dict[Identifier, Fact]] = {}
        self._known: dict[str, dict[str, str]] = {}

    def stored(self, name: str) -> Mapping[Identifier, Fact]:
        """The facts of a list as they stand, by what identifies them."""
        if name not in self._stored:
            identify = BY_NAME[name].identify
            self._stored[name] = {identify(fact): fact for fact in getattr(self.state, name)}
        return self._stored[name]

    def known(self, name: str) -> Mapping[str, str]:
        """Every key that a reference to this list may name, each to its one text.

        Refused rows count: what refers to them is not wrong a second time.
        """
        if name not in self._known:
            known = {key: key for key in self.stored(name) if isinstance(key, str)}
            for row in self.document.lists.get(name, ()):
                key = row and row.get("key")
                if isinstance(key, str):
                    known.setdefault(key, key)
            for key in self.document.claimed.get(name, ()):
                known.setdefault(key, key)
            self._known[name] = known
        return self._known[name]

    def fact(self, name: str, key: str) -> Fact | None:
        """The merged fact; none when its rows contradict each other or have no readable key."""
        if key in self.repeated.get(name, ()):
            return None
        return self.written.get(name, {}).get(key) or self.stored(name).get(key)

    def place(self, name: str, identifier: Identifier) -> Place | None:
        """The row that is about this fact, if there is one."""
        index = self.rows.get(name, {}).get(identifier)
        if index is None:
            return None
        row = self.document.lists[name][index]
        return None if row is None else Place(BY_NAME[name], index, row)

    def refuse(self, place: Place, field: str, reason: Reason, problem: str) -> None:
        """Add a fault of a field of a row; ``problem`` goes on after the field's name."""
        key = place.row.get("key")
        self.faults.add(fault_of(place.spec, place.index, key, field, reason, problem))


def fold_rows(work: Work, spec: FactList) -> None:
    """Make facts of the rows of one list; those that differ from what stands are ``written``."""
    stored = work.stored(spec.name)
    written = work.written.setdefault(spec.name, {})
    rows = work.rows.setdefault(spec.name, {})
    judged = work.judged.get(spec.name)
    columns = _columns(work, spec)
    for index, row in enumerate(work.document.lists[spec.name]):
        if row is None:
            continue
        place = Place(spec, index, row)
        identifier = _identifier(place)
        before = None if identifier is None else stored.get(identifier)
        is_first = identifier is not None and rows.setdefault(identifier, index) == index
        if identifier is not None and not is_first:
            _refuse_repeated(work, place, identifier)
        fact = _fact(work, place, columns, before, must_be_whole=is_first)
        if judged is not None:
            judged.append((place, fact))
        if fact == before:
            continue
        if spec.span is not None:
            _check_span(work, place, spec.span, fact)
        if identifier is not None and is_first:
            written[identifier] = fact


def _identifier(place: Place) -> Identifier | None:
    """What fact a row is about; none when it does not say so readably."""
    row = place.row
    if not place.spec.is_relation:
        key = row.get("key")
        return key if isinstance(key, str) else None
    origin, target = row.get("from"), row.get("to")
    if isinstance(origin, str) and isinstance(target, str):
        return (origin, target)
    return None


def _refuse_repeated(work: Work, place: Place, identifier: Identifier) -> None:
    spec = place.spec
    work.repeated.setdefault(spec.name, set()).add(identifier)
    first = f"{spec.name}[{work.rows[spec.name][identifier]}]"
    if isinstance(identifier, str):
        what = f"is {quoted(identifier)}, the key of {first} already"
    else:
        what = f"repeats {first}, from {quoted(identifier[0])} to {quoted(identifier[1])}"
    work.refuse(place, spec.identity[-1], Reason.DUPLICATE, f"{what}; keep one of the two")


def _columns(work: Work, spec: FactList) -> list[_Column]:
    """The fields of a list, each with what its references may name where that is one list."""
    return [
        _Column(
            field.name,
            field,
            work.known(field.reference.lists[0])
            if field.reference and not field.reference.kinds
            else _NOTHING_KNOWN,
        )
        for field in spec.fields
    ]


def _fact(
    work: Work,
    place: Place,
    columns: list[_Column],
    before: Fact | None,
    *,
    must_be_whole: bool,
) -> Fact:
    """The fact that a row makes of what stands; what is wrong with its references is refused."""
    spec, row = place.spec, place.row
    refused = "to" if spec.joins_equals and _is_loop(work, place) else None
    values = []
    for at, (name, field, known) in enumerate(columns):
        if name in row:
            value = row[name]
            if field.reference is not None and value is not None and value is not BAD:
                if name == refused:
                    value = BAD
                elif value.__class__ is str and value in known:
                    value = known[value]
                else:
                    value = _resolve(work, place, field, field.reference, value)
        elif before is not None:
            value = before[at]
        else:
            value = field.default
            if field.required:
                value = BAD
                if must_be_whole:
                    _refuse_missing(work, place, field)
        values.append(value)
    name_at = spec.positions["name"]
    if values[name_at] is None:
        values[name_at] = "" if spec.is_relation else values[0]
    return spec.fact(*values)


def _refuse_missing(work: Work, place: Place, field: Field) -> None:
    if field.name not in place.spec.identity:  # the reader has missed those already
        key = place.row.get("key")
        work.faults.add(missing_field(place.spec, place.index, key, field.name))


def _is_loop(work: Work, place: Place) -> bool:
    """Does the relation join a thing to itself? If so, that is refused."""
    origin, target = place.row.get("from"), place.row.get("to")
    if origin != target or not isinstance(target, str):
        return False
    problem = f"is {quoted(target)} like its “from”; a relation joins two, so correct one of them"
    work.refuse(place, "to", Reason.BAD_VALUE, problem)
    return True


def _resolve(work: Work, place: Place, field: Field, reference: Reference, value: Any) -> Any:
    """The value, its keys being the one text that all facts share; ``BAD`` when one is unknown."""
    if isinstance(value, str):
        resolved: Any = _target(work, reference, value)
        unknown = value if resolved is None else None
    else:
        resolved = tuple(_target(work, reference, each) for each in value)
        unknown = next((v for v, r in zip(value, resolved, strict=True) if r is None), None)
    if unknown is None:
        return resolved
    list_name, key = reference.target(unknown)
    problem = (
        f"refers to {quoted(unknown)}, and no {BY_NAME[list_name].noun} has the key {quoted(key)};"
        f" add it to “{list_name}” or correct the reference"
    )
    work.refuse(place, field.name, Reason.UNKNOWN_REFERENCE, problem)
    return BAD


def _target(work: Work, reference: Reference, value: str) -> str | None:
    if reference.internet and value == INTERNET:
        return INTERNET
    list_name, key = reference.target(value)
    found = work.known(list_name).get(key)
    return found if found is None or not reference.kinds else value


def _check_span(work: Work, place: Place, span: tuple[str, str], fact: Fact) -> None:
    fields, positions = place.spec.by_name, place.spec.positions
    values: tuple[Any, ...] = fact
    start, end = (values[positions[name]] for name in span)
    if start is None or end is None or start is BAD or end is BAD or end >= start:
        return
    if place.spec.name == "allowlist" and start > work.now:
        return  # an approval that lies ahead is not one yet: there is nothing to be ended
    start_name, end_name = span
    problem = (
        f"is {fields[end_name].type.write(end)}, before its “{start_name}” "
        f"{fields[start_name].type.write(start)}; correct one of the two"
    )
    work.refuse(place, end_name, Reason.END_BEFORE_START, problem)
