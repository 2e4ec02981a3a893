"""Counts as marks: one square for each environment while they are few, lengths above."""

from collections.abc import Sequence
from typing import NamedTuple

from apps.access.models import ScanRun
from apps.access.pictures.metrics import Style
from apps.access.pictures.shapes import Box, Drawing
from apps.access.selectors.reach import VerdictCounts

WIDTH, PITCH, COLUMN = 332.8, 25.6, 20.0
BASE, FULL = 117.0, 112.0
MOST_SQUARES = 24
ORDER = ("segregated", "undetermined", "unsegregated")
AXIS = Style("axis", 11, 14)


def trend(runs: Sequence[ScanRun]) -> Drawing | None:
    """Past runs side by side: how many environments stood under each verdict. None without two."""
    if len(runs) < 2:
        return None
    totals = [sum(_counts(run).values()) for run in runs]
    highest = max(totals)
    drawing = Drawing(WIDTH, 142)
    first = WIDTH - PITCH * len(runs)
    for index, run in enumerate(runs):
        left = first + index * PITCH + 1
        if highest <= MOST_SQUARES:
            _squares(drawing, run, left, min(15.0, FULL / max(highest, 1)))
        else:
            _bar(drawing, run, left, FULL / highest)
    middle = first + PITCH * len(runs) / 2
    drawing.words(first + 1, 137, _day(runs[0]), AXIS)
    if len(runs) >= 6:
        drawing.words(middle, 137, "reach at each scan", AXIS, anchor="middle")
    drawing.words(WIDTH - 4, 137, _day(runs[-1]), AXIS, anchor="end")
    return drawing


def _counts(run: ScanRun) -> dict[str, int]:
    counts = run.counts or {}
    return {verdict: int(counts.get(verdict, 0)) for verdict in ORDER}


def _squares(drawing: Drawing, run: ScanRun, left: float, step: float) -> None:
    bottom = BASE
    for verdict, count in _counts(run).items():
        for _ in range(count):
            box = Box(left + 0.5, bottom - step + 3.5, left + COLUMN + 0.5, bottom - 0.5)
            drawing.rect(f"is-{verdict}", box, 2)
            bottom -= step


def _bar(drawing: Drawing, run: ScanRun, left: float, unit: float) -> None:
    bottom = BASE
    for verdict, count in _counts(run).items():
        if count:
            top = bottom - max(count * unit, 3)
            box = Box(left + 0.5, top + 1, left + COLUMN + 0.5, bottom - 1)
            drawing.rect(f"is-{verdict}", box, 2)
            bottom = top


def _day(run: ScanRun) -> str:
    return f"{run.now.day} {run.now:%b}" if run.now else ""


class Share(NamedTuple):
    """A stretch of a bar, in per cent of its length."""

    verdict: str
    environments: int
    left: str
    width: str


def shares(counts: VerdictCounts) -> list[Share]:
    """The verdicts of a model as stretches of one bar, worst first."""
    total = counts.on_the_network
    found, left = [], 0.0
    for verdict in reversed(ORDER):
        count = counts.of(verdict)
        if count:
            width = 100 * count / total
            found.append(Share(verdict, count, f"{left:.2f}%", f"{width - 0.3:.2f}%"))
            left += width
    return found
