"""What a merge would change, for people and for programs: as lines, as counts, as JSON."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from apps.engine.document import fact_to_row
from apps.engine.document_faults import shown
from apps.engine.document_table import BY_NAME, Fact, FactList
from apps.engine.merge import Change, ListChanges, changed_fields

Changes = Mapping[str, ListChanges]


def change_counts(changes: Changes) -> dict[str, dict[str, int]]:
    """How much changes, list by list; lists in which nothing does are left out."""
    return {
        name: {
            "added": len(each.added),
            "changed": len(each.changed),
            "removed": len(each.removed),
        }
        for name, each in changes.items()
    }


def changes_as_json(changes: Changes) -> dict[str, Any]:
    """Every change: rows added, fields changed from what to what, relations removed."""
    return {
        name: {
            "added": [fact_to_row(BY_NAME[name], fact) for fact in each.added],
            "changed": [_changed(BY_NAME[name], change) for change in each.changed],
            "removed": [_identity(BY_NAME[name], fact) for fact in each.removed],
        }
        for name, each in changes.items()
    }


def change_lines(changes: Changes) -> Iterator[str]:
    """A line for each change: ``+`` added, ``~`` changed, ``-`` removed."""
    for name, each in changes.items():
        spec = BY_NAME[name]
        for fact in each.added:
            yield f"+ {name} {_told(spec, fact)}"
        for change in each.changed:
            fields = ", ".join(
                f"{field} {_value(before)} → {_value(after)}"
                for field, before, after in changed_fields(name, change)
            )
            yield f"~ {name} {_told(spec, change.before)}: {fields}"
        for fact in each.removed:
            yield f"- {name} {_told(spec, fact)}"


def changes_digest(changes: Changes, *, now: datetime) -> str:
    """SHA-256 of every change: equal when two merges, each made at its ``now``, change the same.

    What ends with the import ends at ``now``, and counts as the same whenever that is.
    """
    total = hashlib.sha256()
    instant = BY_NAME["credentials"].by_name["revoked_at"].type.write(now)

    def add(*parts: Any) -> None:
        text = json.dumps(parts, ensure_ascii=False, sort_keys=True)
        total.update(text.replace(f'"{instant}"', '"now"').encode() + b"\n")

    for name, each in changes.items():
        spec = BY_NAME[name]
        for fact in each.added:
            add("+", name, fact_to_row(spec, fact))
        for change in each.changed:
            add("~", name, _changed(spec, change))
        for fact in each.removed:
            add("-", name, _identity(spec, fact))
    return total.hexdigest()


def _identity(spec: FactList, fact: Fact) -> dict[str, str]:
    values: tuple[Any, ...] = fact
    return dict(zip(spec.identity, values, strict=False))


def _changed(spec: FactList, change: Change) -> dict[str, Any]:
    return {
        **_identity(spec, change.before),
        "fields": {
            field: {"before": before, "after": after}
            for field, before, after in changed_fields(spec.name, change)
        },
    }


def _told(spec: FactList, fact: Fact) -> str:
    return " → ".join(_identity(spec, fact).values())


def _value(value: Any) -> str:
    return shown(value if isinstance(value, str) and value else json.dumps(value))
