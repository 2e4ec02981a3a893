"""Says what was done to a broken chain, and to which entry first. Pure; reads the rows again.

A hash cannot say who changed what, but it can be asked: does this content give its hash under
another number, does a later row carry the missing entry, does the next row vouch for this one.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from apps.audit.chain import GENESIS, Break, Head, Row, is_whole


class Kind(StrEnum):
    """What was done."""

    ALTERED = "altered"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    HEAD = "head"


class Fault(NamedTuple):
    """The first entry that is wrong (none: the head itself) and what was done to it."""

    entry: int | None
    kind: Kind
    sentence: str


def explain(rows: Iterable[Row], head: Head | None, broken: Break) -> Fault:
    """Name the first entry that was tampered with. ``rows`` are iterated again, more than once."""
    row = broken.row
    if head is None:
        return Fault(None, Kind.HEAD, "The head of the log is missing: its one row was removed.")
    if row is None:
        return _rows_end_elsewhere(rows, head, broken)
    if row.number < 1:
        return _inserted(row.number, "numbers start at 1")
    if broken.expected > head.number:
        return _inserted(row.number, f"the head says that the log ends at entry {head.number}")
    if row.number != broken.expected:
        return _number_is_off(rows, broken.expected, row)
    if is_whole(row):
        return _names_another_before(rows, head, row)
    return _content_is_off(rows, head, row)


def _altered(entry: int, why: str) -> Fault:
    return Fault(entry, Kind.ALTERED, f"Entry {entry} was altered: {why}.")


def _removed(entry: int, why: str) -> Fault:
    return Fault(entry, Kind.REMOVED, f"Entry {entry} was removed: {why}.")


def _inserted(entry: int, why: str) -> Fault:
    return Fault(entry, Kind.INSERTED, f"Entry {entry} was inserted: {why}.")


def _reordered(entry: int, why: str) -> Fault:
    return Fault(entry, Kind.REORDERED, f"Entry {entry} was reordered: {why}.")


def _is_truly(row: Row, number: int) -> bool:
    """Whether the hash of ``row`` was made for it at ``number``."""
    return is_whole(row._replace(number=number))


def _true_number(row: Row, highest: int) -> int | None:
    """The number that the hash of ``row`` was made for, if it is one of 1 to ``highest``."""
    return next((number for number in range(1, highest + 1) if _is_truly(row, number)), None)


def _where_stands(rows: Iterable[Row], number: int) -> int | None:
    """The number under which the true entry ``number`` is found now, if it is elsewhere."""
    return next(
        (row.number for row in rows if row.number != number and _is_truly(row, number)), None
    )


def _stands_elsewhere_too(rows: Iterable[Row], row: Row) -> bool:
    return any(other.hash == row.hash and other.number != row.number for other in rows)


def _stored(rows: Iterable[Row], number: int) -> Row | None:
    return next((row for row in rows if row.number == number), None)


def _rows_end_elsewhere(rows: Iterable[Row], head: Head, broken: Break) -> Fault:
    """Every row follows the one before, but the last is not the one that the head names."""
    last = broken.expected - 1
    if head.number == last:
        return (
            _altered(last, "the head holds another hash for it; one of the two was written anew")
            if last
            else _head("it holds a hash although no entry was written")
        )
    if head.number > last:
        if head.hash == broken.last:
            return _head(f"it counts {head.number} entries, but its hash is that of entry {last}")
        return _removed(
            broken.expected, f"the log ends at {last}, the head says that it goes to {head.number}"
        )
    named = _stored(rows, head.number)
    if head.hash == (named.hash if named else GENESIS):
        return _inserted(head.number + 1, f"the head says that the log ends at entry {head.number}")
    return _head(f"it names entry {head.number} with a hash that this entry does not have")


def _head(why: str) -> Fault:
    return Fault(None, Kind.HEAD, f"The head of the log was altered: {why}.")


def _number_is_off(rows: Iterable[Row], expected: int, row: Row) -> Fault:
    now_at = _where_stands(rows, expected)
    if now_at is not None:
        return _reordered(expected, f"it stands as number {now_at} now")
    return _removed(expected, f"the next one is {row.number}")


def _names_another_before(rows: Iterable[Row], head: Head, row: Row) -> Fault:
    """The row is whole but follows another entry than the one before it: which of the two is wrong?

    The one that the next row (or the head) vouches for is right.
    """
    after = _stored(rows, row.number + 1)
    vouched = after.previous == row.hash if after else head == Head(row.number, row.hash)
    if vouched and row.number > 1:
        return _altered(
            row.number - 1,
            f"its hash was made anew, but entry {row.number} follows an entry with another hash",
        )
    return _altered(row.number, "its hash was made anew and does not follow the entry before")


def _content_is_off(rows: Iterable[Row], head: Head, row: Row) -> Fault:
    """The row stands where its number says, but its content does not give its hash."""
    expected = row.number
    now_at = _where_stands(rows, expected)
    true = _true_number(row, head.number)
    if true is None or _stands_elsewhere_too(rows, row):
        if now_at is not None:
            return _inserted(expected, f"what was written as entry {expected} stands as {now_at}")
        if true is not None:
            return _altered(expected, f"a copy of entry {true} stands in its place")
        return _altered(expected, "its content does not give its hash")
    if true < expected:
        return _inserted(true, f"what was written as entry {true} stands as {expected}")
    if now_at is None:
        return _removed(expected, f"entry {true} stands in its place")
    return _reordered(expected, f"it stands as number {now_at} now, entry {true} in its place")
