"""What a cell says, as a value of the document: words for yes and no, days, names of choices."""

import re
from datetime import date, datetime, timedelta
from typing import Any, Final

from apps.engine.document_faults import Reason, quoted
from apps.engine.document_table import Field
from apps.engine.document_types import Choice, Flag, Names, RefusedError, Time, YesNoUnknown

NOT_STATED: Final = object()
"""The cell says nothing: the field is left out of the row."""

_FORMULA = re.compile(r"'[=+\-@\t\r]")
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_NUMBERED_DAY = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})")
_WORDS: Final = {
    "yes": "yes", "y": "yes", "true": "yes", "no": "no", "n": "no", "false": "no",
    "unknown": "unknown", "not known": "unknown", "?": "unknown",
}  # fmt: skip
# A day alone stands for its start; these are over only when the day is.
_ENDS: Final = ("expires_at", "revoked_at")


def value_of(field: Field, cell: str) -> Any:
    """The value that a cell states, or NOT_STATED. Raises RefusedError.

    What looks like a formula is text; an apostrophe that a spreadsheet put before it is taken off.
    What the type of the field does not take is handed on: the document's own check refuses it.
    """
    text = cell.strip()
    if _FORMULA.match(text):
        text = text[1:]
    if not text:
        return NOT_STATED
    match field.type:
        case YesNoUnknown():
            return _WORDS.get(text.lower(), text)
        case Flag():
            return _flag(text)
        case Choice() as choice:
            word = re.sub(r"[\s-]+", "_", text).lower()
            known = {name.lower(): name for name in choice.members}
            return known.get(word, text)
        case Time():
            return _time(field, text)
        case Names():
            return [part.strip() for part in text.split(";") if part.strip()]
        case _:
            return text


def _flag(text: str) -> Any:
    match _WORDS.get(text.lower()):
        case "yes":
            return True
        case "no":
            return False
        case "unknown":
            return NOT_STATED
    raise RefusedError(Reason.BAD_VALUE, f"is {quoted(text)}; write yes or no")


def _time(field: Field, text: str) -> str:
    day = _day(text)
    if day is None:
        return text
    if field.name in _ENDS:
        try:
            day += timedelta(days=1)
        except OverflowError:
            raise RefusedError(Reason.BAD_VALUE, f"is {quoted(text)}, too far ahead") from None
    return f"{day.isoformat()}T00:00:00Z"


def _day(text: str) -> date | None:
    """The day that a cell states: ISO, or the day first; none when it is no day alone."""
    if found := _DAY.fullmatch(text):
        return _on_calendar(text, *(int(part) for part in found.groups()))
    found = _NUMBERED_DAY.fullmatch(text)
    if not found:
        return None
    first, mark, second, year = found.groups()
    day, month = int(first), int(second)
    if month > 12 and day <= 12:
        right = _on_calendar(text, int(year), day, month)
        raise RefusedError(
            Reason.BAD_VALUE,
            f"is {quoted(text)}, with the month first; write the day as {right.isoformat()}",
        )
    read = _on_calendar(text, int(year), month, day)
    # With dots the day always comes first; with other marks it depends on who wrote it.
    if mark != "." and day <= 12 and day != month:
        other = date(int(year), day, month)
        raise RefusedError(
            Reason.BAD_VALUE,
            f"is {quoted(text)}, which may be {_told(read)} or {_told(other)}; write "
            f"{read.isoformat()} or {other.isoformat()}",
        )
    return read


def _on_calendar(text: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise RefusedError(
            Reason.BAD_VALUE, f"is {quoted(text)}, a day that no calendar has; correct it"
        ) from None


def _told(day: date) -> str:
    return f"{day.day} {datetime(day.year, day.month, 1):%B}"  # noqa: DTZ001 - only its name
