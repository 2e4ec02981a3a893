"""What an import leaves while it is worked on: how far it is, its faults, what it would change."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any, Final

from django.db import connection, connections

from apps.access.models import ImportFault, ImportRun
from apps.access.services.interchange import ImportReport
from apps.engine.document import fact_to_row
from apps.engine.document_faults import Fault, shown
from apps.engine.document_table import BY_NAME, Fact, FactList
from apps.engine.merge import Change, changed_fields

MOST_EXAMPLES: Final = 20
_BETWEEN_REPORTS = timedelta(seconds=0.5).total_seconds()
_STEPS: Final = {
    "Reading the document": 5,
    "Reading the stored facts": 20,
    "Checking the document": 40,
    "Checking references": 96,
}
_WRITING: Final = (50, 95)


class Progress:
    """Tells a page how far an import is, past the transaction that the import runs in."""

    def __init__(self, run: ImportRun) -> None:
        self.run = run
        self.of = sum(sum(counts.values()) for counts in run.changes.values())
        self.done: dict[str, int] = {}
        self.last = ("", 0.0)
        self.connection: Any = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_error: object) -> None:
        if self.connection is not None:
            self.connection.close()

    def __call__(self, what: str, done: int, _of: int) -> None:
        said, at = self.last
        if what != said or monotonic() - at > _BETWEEN_REPORTS:
            self.last = (what, monotonic())
            self._write(what, self._percent(what, done))

    def _percent(self, what: str, done: int) -> int:
        if what in _STEPS:
            return _STEPS[what]
        self.done[what] = done
        start, end = _WRITING
        share = sum(self.done.values()) / self.of if self.of else 1
        return int(start + (end - start) * min(share, 1))

    def _write(self, step: str, percent: int) -> None:
        if self.connection is None:
            self.connection = connections.create_connection("default")
        table = ImportRun._meta.db_table
        with self.connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {table} SET step = %s, percent = %s WHERE id = %s",  # noqa: S608 - no input
                [step, percent, self.run.pk],
            )


def store_faults(run: ImportRun, faults: Iterable[Fault], lines: Sequence[int]) -> int:
    """Put these faults in place of those that a check before has found; how many there are.

    ``lines`` are those of a table's rows; without any the document is none.
    """
    run.faults.all().delete()
    names = ("run_id", "number", "line", "list", "row", "key", "field", "reason", "message")
    columns = ", ".join(f'"{name}"' for name in names)
    count = 0
    table = ImportFault._meta.db_table
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy,
    ):
        for count, fault in enumerate(faults, start=1):
            copy.write_row(_fault_row(run, count, fault, lines))
    return count


def _fault_row(run: ImportRun, number: int, fault: Fault, lines: Sequence[int]) -> list[Any]:
    message = fault.message
    if lines:
        message = _with_lines(message, fault.list or "", lines)
    is_row = fault.index is not None and bool(lines)
    return [
        run.pk,
        number,
        lines[fault.index] if is_row and fault.index is not None else None,
        fault.list or "",
        fault.index,
        fault.key or "",
        fault.field or "",
        str(fault.reason),
        message,
    ]


def _with_lines(message: str, name: str, lines: Sequence[int]) -> str:
    """The sentence with lines of the table where it has places in the document."""

    def line(found: re.Match[str]) -> str:
        index = int(found.group(1))
        return f"line {lines[index]}" if index < len(lines) else found.group()

    return re.sub(rf"\b{re.escape(name)}\[(\d{{1,9}})\]", line, message)


def shown_changes(report: ImportReport) -> dict[str, Any]:
    """What a check found, for its page: by list the counts, and examples before and after.

    ``ends`` counts what replace removes, retires, disables, revokes or expires.
    """
    lists = []
    for name, each in report.changes.items():
        spec = BY_NAME[name]
        ended = report.ended.get(name, ())
        over = {spec.identify(change.before) for change in ended}
        changed = [change for change in each.changed if spec.identify(change.before) not in over]
        lists.append(
            {
                "name": name,
                "added": len(each.added),
                "changed": len(changed),
                "ended": len(ended) + len(each.removed),
                "new": [_new(spec, fact) for fact in each.added[:MOST_EXAMPLES]],
                "altered": [_altered(spec, change) for change in changed[:MOST_EXAMPLES]],
                "gone": [_altered(spec, change) for change in ended[:MOST_EXAMPLES]]
                + [
                    {"what": _identity(spec, fact), "fields": []}
                    for fact in each.removed[: MOST_EXAMPLES - len(ended[:MOST_EXAMPLES])]
                ],
            }
        )
    return {"lists": lists, "ends": sum(int(each["ended"]) for each in lists)}  # type: ignore[call-overload] # a number


def _new(spec: FactList, fact: Fact) -> dict[str, Any]:
    """A fact that is added, with the fields that say more than their default."""
    row = fact_to_row(spec, fact)
    fields = [
        {"field": field.name, "after": _told(row[field.name])}
        for field in spec.fields
        if field.name not in spec.identity
        and row[field.name] not in (None, "", [], field.default)
        and not (field.name == "name" and row["name"] == row.get("key"))
    ]
    return {"what": _identity(spec, fact), "fields": fields}


def _altered(spec: FactList, change: Change) -> dict[str, Any]:
    return {
        "what": _identity(spec, change.before),
        "fields": [
            {"field": each.field, "before": _told(each.before), "after": _told(each.after)}
            for each in changed_fields(spec.name, change)
        ],
    }


def _identity(spec: FactList, fact: Fact) -> str:
    identifier = spec.identify(fact)
    return identifier if isinstance(identifier, str) else " → ".join(identifier)


def _told(value: Any) -> str:
    if value in (None, "", []):
        return "nothing"
    if isinstance(value, list):
        return shown(", ".join(str(each) for each in value))
    return shown(value if isinstance(value, str) else json.dumps(value))
