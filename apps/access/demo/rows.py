"""The rows of a document while it is put together: folded by key, named, their times worked out."""

from collections.abc import Iterable, Mapping
from typing import Any

from apps.access.demo.times import Instants
from apps.engine.document_table import BY_NAME, LISTS
from apps.engine.document_types import Day, Time

Row = dict[str, Any]

_ENDS = {
    "environment": "environments",
    "identity": "identities",
    "credential": "credentials",
    "deployment": "deployments",
}
# How a relation is called, and what stands at its ends; empty where the row says it.
_RELATIONS = {
    "holds": ("{to}, kept in {from_}", "environment", "credential"),
    "enters": ("{from_} may enter {to}", "identity", "environment"),
    "member_of": ("{from_} in {to}", "identity", "identity"),
    "jumps": ("Session from {from_} into {to}", "environment", "environment"),
    "connects": ("Link from {from_} to {to}", "environment", "environment"),
    "grants": ("{to} accepts {from_}", "", "deployment"),
    "administers": ("{from_} administers {to}", "identity", ""),
}


class Rows:
    """All rows by list; another row with the same key, or the same ends, changes the first."""

    def __init__(self, instants: Instants) -> None:
        self.instants = instants
        self._rows: dict[str, dict[tuple[str, ...], Row]] = {spec.name: {} for spec in LISTS}

    def put(self, name: str, /, **row: Any) -> None:
        """Add one row, or change the one it is about. ``from_`` stands for from."""
        self.put_all({name: [{field.rstrip("_"): value for field, value in row.items()}]})

    def put_all(self, rows: Mapping[str, Iterable[Row]]) -> None:
        """Add rows, or change those they are about, list by list."""
        for name, each in rows.items():
            identity = BY_NAME[name].identity
            for row in each:
                place = tuple(row[field] for field in identity)
                self._rows[name][place] = self._rows[name].get(place, {}) | row

    def find(self, name: str, key: str) -> Row:
        """The row of a list with that key."""
        return self._rows[name][key,]

    def lists(self) -> dict[str, list[Row]]:
        """Every list as a document has it, with a name on each relation too."""
        names = {
            f"{end}:{row['key']}": row["name"]
            for end, name in _ENDS.items()
            for row in self._rows[name].values()
        }
        return {
            name: [self._finished(name, row, names) for row in rows.values()]
            for name, rows in self._rows.items()
        }

    def _finished(self, name: str, row: Row, names: dict[str, str]) -> Row:
        finished = dict(row)
        for field in BY_NAME[name].fields:
            if isinstance(field.type, Time | Day) and field.name in row:
                instant = self.instants.at(row[field.name])
                is_day = isinstance(field.type, Day)
                finished[field.name] = str(instant.date() if is_day else instant.isoformat())
        if name in _RELATIONS and "name" not in row:
            words, *ends = _RELATIONS[name]
            origin, target = (
                names.get(f"{end}:{row[field]}" if end else row[field], "the internet")
                for field, end in zip(("from", "to"), ends, strict=True)
            )
            finished["name"] = words.format(from_=origin, to=target)
        return finished
