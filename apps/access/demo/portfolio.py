"""The whole portfolio as a document, as it stood after each step of its history."""

import tomllib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from apps.access.demo.organisations import Organisation
from apps.access.demo.rows import Row, Rows
from apps.access.demo.times import Instants
from apps.engine.document_table import BY_NAME, FORMAT

FOLDER = Path(__file__).resolve().parents[3] / "fixtures" / "demo"
OURS = "tarn-labs"
OTHERS = ("partners", "contractors", "suppliers")


class Step(NamedTuple):
    """Something that happened, and how many days before the loading."""

    days_ago: int
    title: str
    rows: dict[str, list[Row]]

    def scan_time(self, now: datetime) -> datetime:
        """When it is scanned, in a history that is loaded at ``now``."""
        return now - timedelta(days=self.days_ago)


def steps() -> list[Step]:
    """What happened, the earliest first."""
    found = []
    for table in _read("history")["step"]:
        rows = {name: table[name] for name in BY_NAME if name in table}
        found.append(Step(table["days_ago"], table["title"], rows))
    return sorted(found, key=lambda step: -step.days_ago)


def documents(*, now: datetime) -> Iterator[tuple[Step, dict[str, Any]]]:
    """Every step with what differs from the step before, to be imported in turn."""
    before: dict[str, list[Row]] = {name: [] for name in BY_NAME}
    for step in steps():
        after = document(now=now, days_ago=step.days_ago)
        changed = {name: _changed(name, before[name], after[name]) for name in BY_NAME}
        yield step, {"format": FORMAT, **{name: rows for name, rows in changed.items() if rows}}
        before = after


def _changed(name: str, before: Iterable[Row], after: Iterable[Row]) -> list[Row]:
    identity = BY_NAME[name].identity
    known = {tuple(row[field] for field in identity): row for row in before}
    return [row for row in after if known.get(tuple(row[field] for field in identity)) != row]


def document(*, now: datetime, days_ago: int = 0) -> dict[str, Any]:
    """The portfolio as one document, as it stood some days before the loading at ``now``."""
    now = now.astimezone(UTC)
    rows = Rows(Instants(now, now - timedelta(days=days_ago)))
    ours = _read(OURS)
    rows.put_all(ours["rows"])
    Organisation(rows, ours["house"], None, ours[OURS]).put()
    for name in OTHERS:
        for key, about in _read(name).items():
            organisation = Organisation(rows, ours["house"], key, about)
            if organisation.has_come:
                organisation.put()
    for step in steps():
        if step.days_ago >= days_ago:
            rows.put_all(step.rows)
    return {"format": FORMAT, "mode": "merge", **rows.lists()}


@cache
def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
