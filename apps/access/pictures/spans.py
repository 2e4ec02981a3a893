"""The time that a permission runs, as a bar: what is past, what is left, and today between them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils import timezone

from apps.access.models import AllowlistEntry

BEFORE, AFTER = timedelta(days=75), timedelta(days=75)


class Month(NamedTuple):
    """The first day of a month on the axis, in per cent of its length."""

    at: str
    name: str


class Span(NamedTuple):
    """A bar in per cent of the axis. ``past`` and ``left`` are lengths; ``at`` is where it begins.

    ``beyond`` says that it ended before the axis begins, or begins after it ends.
    """

    at: str
    past: str
    middle: str
    left: str
    beyond: str = ""


def months(now: datetime) -> list[Month]:
    """The months that begin within the axis."""
    return [Month(_percent(start, now), f"{start:%b}") for start in _firsts(now)]


def _firsts(now: datetime) -> Iterator[datetime]:
    local = timezone.localtime(now)
    first = (local - BEFORE).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while first < local + AFTER:
        if first > local - BEFORE + timedelta(days=6) and first < local + AFTER - timedelta(days=8):
            yield first
        first = (first + timedelta(days=32)).replace(day=1)


def span(entry: AllowlistEntry, now: datetime) -> Span | None:
    """The bar of a permission; none for what nobody approved."""
    start, end = entry.approved_at, entry.expires_at or now + AFTER
    if start is None:
        return None
    if end <= now - BEFORE:
        return Span("0%", "0%", "0%", "0%", "ended before")
    if start >= now + AFTER:
        return Span("0%", "0%", "0%", "0%", "begins later")
    begin, stop = max(start, now - BEFORE), min(end, now + AFTER)
    middle = min(max(begin, now), stop)
    return Span(
        _percent(begin, now), _length(begin, middle), _percent(middle, now), _length(middle, stop)
    )


def _percent(moment: datetime, now: datetime) -> str:
    return f"{100 * (moment - now + BEFORE) / (BEFORE + AFTER):.2f}%"


def _length(start: datetime, end: datetime) -> str:
    return f"{100 * (end - start) / (BEFORE + AFTER):.2f}%"
