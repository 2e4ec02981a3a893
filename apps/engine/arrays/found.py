"""Findings as columns, and how their severity is stepped."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from apps.engine.arrays.bits import Rows, Words
from apps.engine.arrays.tables import Codes, Flags
from apps.engine.catalogue import RULES
from apps.engine.values import Severity

_LADDER = list(Severity)


@dataclass(frozen=True)
class Sides:
    """The same thing in the two worlds."""

    worst: Words
    best: Words


@dataclass(frozen=True)
class Found:
    """The findings of one rule as columns: its subject's rows, and how each is graded.

    ``subject`` maps a field to row numbers of its list, fields in alphabetical order.
    """

    rule: str
    subject: Mapping[str, Rows]
    proven: Flags
    severity: Codes

    def __len__(self) -> int:
        return len(self.proven)


def graded(rule: str, subject: dict[str, Rows], proven: Flags, steps: Rows) -> Found:
    """Findings with the rule's base severity moved by ``steps`` and clamped once."""
    level = np.clip(_LADDER.index(RULES[rule].base) + steps, 0, len(_LADDER) - 1)
    return Found(rule, dict(sorted(subject.items())), proven, level.astype(np.int8))


def rows_of(found: Found, *fields: str) -> Iterable[tuple[int, ...]]:
    """A rule's findings as plain numbers: the fields asked for, then whether it is proven."""
    return zip(
        *(found.subject[field].tolist() for field in fields), found.proven.tolist(), strict=True
    )
