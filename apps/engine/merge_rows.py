"""Folds the rows of a document into facts, one list at a time, resolving what they refer to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.engine.document import Document, Row, fault_of, missing_field
from apps.engine.document_faults import Faults, Reason, quoted
from apps.engine.document_table import BY_NAME, Fact, FactList, Field, Identifier
from apps.engine.document_types import BAD, Reference
from apps.engine.values import INTERNET, Graph


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
        self.judged: dict[str, list[tuple[int, Row, Fact]]] = {"member_of": [], "allowlist": []}
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

    def refuse(
        self, spec: FactList, index: int, row: Row, field: str, reason: Reason, problem: str
    ) -> None:
        """Add a fault of a field of a row."""
        self.faults.add(fault_of(spec, index, row.get("key"), field, reason, problem))


def fold_rows(work: Work, spec: FactList) -> None:
    """Make facts of the rows of one list; those that differ from what stands are ``written``."""
    stored = work.stored(spec.name)
    written = work.written.setdefault(spec.name, {})
    rows = work.rows.setdefault(spec.name, {})
    judged = work.judged.get(spec.name)
    for index, row in enumerate(work.document.lists[spec.name]):
        if row is None:
            continue
        identifier = _identifier(spec, row)
        before = None if identifier is None else stored.get(identifier)
        is_first = identifier is not None and rows.setdefault(identifier, index) == index
        if identifier is not None and not is_first:
            _refuse_repeated(work, spec, index, row, identifier)
        fact = _fact(work, spec, index, row, before, must_be_whole=is_first)
        if judged is not None:
            judged.append((index, row, fact))
        if fact == before:
            continue
        _check_span(work, spec, index, row, fact)
        if identifier is not None and is_first:
            written[identifier] = fact


def _identifier(spec: FactList, row: Row) -> Identifier | None:
    """What fact a row is about; none when it does not say so readably."""
    if not spec.is_relation:
        key = row.get("key")
        return key if isinstance(key, str) else None
    origin, target = row.get("from"), row.get("to")
    if isinstance(origin, str) and isinstance(target, str):
        return (origin, target)
    return None


def _refuse_repeated(
    work: Work, spec: FactList, index: int, row: Row, identifier: Identifier
) -> None:
    work.repeated.setdefault(spec.name, set()).add(identifier)
    first = f"{spec.name}[{work.rows[spec.name][identifier]}]"
    if isinstance(identifier, str):
        what = f"is {quoted(identifier)}, the key of {first} already"
    else:
        what = f"repeats {first}, from {quoted(identifier[0])} to {quoted(identifier[1])}"
    work.refuse(
        spec, index, row, spec.identity[-1], Reason.DUPLICATE, f"{what}; keep one of the two"
    )


def _fact(
    work: Work,
    spec: FactList,
    index: int,
    row: Row,
    before: Fact | None,
    *,
    must_be_whole: bool,
) -> Fact:
    """The fact that a row makes of what stands; what is wrong with its references is refused."""
    is_loop = spec.joins_equals and isinstance(row.get("to"), str) and row["to"] == row.get("from")
    if is_loop:
        problem = f"is {quoted(row['to'])}, like its “from”; a relation joins two, so correct one"
        work.refuse(spec, index, row, "to", Reason.BAD_VALUE, problem)
    values = []
    for at, field in enumerate(spec.fields):
        if field.name in row:
            value = row[field.name]
            if field.reference is not None and value is not None and value is not BAD:
                is_loop_end = is_loop and field.name == "to"
                value = BAD if is_loop_end else _resolve(work, spec, index, row, field, value)
        elif before is not None:
            value = before[at]
        elif field.required:
            value = BAD
            if must_be_whole:
                work.faults.add(missing_field(spec, index, row.get("key"), field.name))
        else:
            value = field.default
        values.append(value)
    name_at = spec.positions["name"]
    if values[name_at] is None:
        values[name_at] = "" if spec.is_relation else values[0]
    return spec.fact(*values)


def _resolve(
    work: Work, spec: FactList, index: int, row: Row, field: Field, value: Any
) -> Any:
    """The value, its keys being the one text that all facts share; ``BAD`` when one is unknown."""
    reference = field.reference
    assert reference is not None  # noqa: S101 - the caller has looked
    if isinstance(value, str):
        resolved: Any = _target(work, reference, value)
        unknown = value if resolved is None else None
    else:
        resolved = tuple(_target(work, reference, each) for each in value)
        unknown = next((v for v, r in zip(value, resolved, strict=True) if r is None), None)
    if unknown is None:
        return resolved
    list_name, key = reference.target(unknown)
    work.refuse(
        spec,
        index,
        row,
        field.name,
        Reason.UNKNOWN_REFERENCE,
        f"refers to {quoted(unknown)}, and no {BY_NAME[list_name].noun} has the key {quoted(key)};"
        f" add it to “{list_name}” or correct the reference",
    )
    return BAD


def _target(work: Work, reference: Reference, value: str) -> str | None:
    if value == INTERNET and reference.internet:
        return INTERNET
    list_name, key = reference.target(value)
    found = work.known(list_name).get(key)
    return found if found is None or not reference.kinds else value


def _check_span(work: Work, spec: FactList, index: int, row: Row, fact: Fact) -> None:
    if spec.span is None:
        return
    start_name, end_name = spec.span
    start = fact[spec.positions[start_name]]
    end = fact[spec.positions[end_name]]
    if start is None or end is None or start is BAD or end is BAD or end >= start:
        return
    if spec.name == "allowlist" and start > work.now:
        return  # an approval that lies ahead is not one yet, so there is nothing it could precede
    types = spec.by_name
    problem = (
        f"is {types[end_name].type.write(end)}, before its “{start_name}” "
        f"{types[start_name].type.write(start)}; correct one of the two"
    )
    work.refuse(spec, index, row, end_name, Reason.END_BEFORE_START, problem)
