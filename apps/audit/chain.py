"""The chain of hashes that makes the log tamper-evident. Pure: rows in, an answer out.

The hash of an entry is SHA-256, in hex, over the UTF-8 canonical JSON of an object with the keys
``number at actor_id actor_name action target_type target_id target_name vendor_id data previous``.
``at`` is UTC text with six digits of a second and ``Z``; ``previous`` is the hash of the entry
before, 64 zeros for the first. The head holds the number and hash of the last entry.
"""

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from apps.audit.canonical import JSON, canonical

GENESIS = "0" * 64


class Row(NamedTuple):
    """An entry as the chain sees it: plain values, ``at`` as text."""

    number: int
    at: str
    actor_id: int | None
    actor_name: str
    action: str
    target_type: str
    target_id: str
    target_name: str
    vendor_id: int | None
    data: JSON
    previous: str
    hash: str


class Head(NamedTuple):
    """The number and hash of the last entry."""

    number: int
    hash: str


class Break(NamedTuple):
    """Where a chain stops being one: everything before ``expected`` holds together.

    ``row`` is what stands there instead, or none when the rows ended and the head disagrees.
    ``last`` is the hash of the entry before ``expected``.
    """

    expected: int
    last: str
    row: Row | None


class Verified(NamedTuple):
    """How many entries were read, the hash of the last, and where it broke, if it did."""

    entries: int
    hash: str
    broken: Break | None


def instant(at: datetime) -> str:
    """A time as the chain writes it: UTC, six digits of a second, ``Z``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def link(row: Row) -> str:
    """The hash that ``row`` must carry; its own ``hash`` is not read."""
    content = row._asdict()
    del content["hash"]
    return hashlib.sha256(canonical(content, name="entry").encode()).hexdigest()


def is_whole(row: Row) -> bool:
    """Whether the content of ``row`` gives the hash it carries."""
    try:
        return link(row) == row.hash
    except ValueError:  # a value that no entry can have been written with
        return False


def verify(rows: Iterable[Row], head: Head | None) -> Verified:
    """Follow the chain through ``rows``, ordered by number, to the head; stop at the first break.

    One pass, constant memory. ``tampering.explain`` says what a break means.
    """
    number, last = 0, GENESIS
    for row in rows:
        follows = row.number == number + 1 and row.previous == last
        if not (follows and is_whole(row)):
            return Verified(number, last, Break(number + 1, last, row))
        number, last = row.number, row.hash
    broken = None if head == Head(number, last) else Break(number + 1, last, None)
    return Verified(number, last, broken)
