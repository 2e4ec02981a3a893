"""The types of the interchange document's fields: how each is read, written and described.

``read`` takes a JSON value (never null: that means the default) and gives the fact's value, or
raises ``RefusedError`` with what is wrong, in words that follow the name of the field. ``write`` is
its inverse. ``schema`` is the same rule as JSON Schema.
"""

import re
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

from apps.engine.document_faults import Reason, quoted, shown
from apps.engine.values import INTERNET, YesNo

JSONSchema = dict[str, Any]

KEY_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._@/+-]{0,119}"
NAME_CHARACTERS = 1_000
TEXT_CHARACTERS = 100_000
ENGAGEMENT_CHARACTERS = 200
GREATEST_WHOLE = 2**63 - 1

_KEY = re.compile(KEY_PATTERN)
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
_MONTH, _DAY = "(?:0[1-9]|1[0-2])", "(?:0[1-9]|[12][0-9]|3[01])"
_HOUR, _MINUTE = "(?:[01][0-9]|2[0-3])", "[0-5][0-9]"
DAY_PATTERN = f"[0-9]{{4}}-{_MONTH}-{_DAY}"
TIME_PATTERN = (
    rf"{DAY_PATTERN}[Tt]{_HOUR}:{_MINUTE}:(?:{_MINUTE}|60)(?:\.[0-9]+)?"
    rf"(?:[Zz]|[+-]{_HOUR}:{_MINUTE})"
)
_DAY_TEXT = re.compile(DAY_PATTERN)
_TIME_TEXT = re.compile(TIME_PATTERN)
_TIME_WITHOUT_ZONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}[0-9:.]*")


class _Bad:
    """Stands for a value that has already been refused, so that no second fault follows from it."""

    def __repr__(self) -> str:
        return "BAD"


BAD: Final[Any] = _Bad()


class RefusedError(Exception):
    """A value is refused. ``problem`` goes on after the name of the field; ``rest`` is usable."""

    def __init__(self, reason: Reason, problem: str, rest: Any = BAD) -> None:
        super().__init__(problem)
        self.reason = reason
        self.problem = problem
        self.rest = rest


class FieldType(Protocol):
    """What every type of field can do."""

    def read(self, value: object) -> Any: ...

    def write(self, value: Any) -> Any: ...

    def schema(self) -> JSONSchema: ...


class Key:
    """The row's own key."""

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise _wrong_type(value, "text")
        if not _KEY.fullmatch(value):
            raise RefusedError(
                Reason.BAD_VALUE,
                f"is {quoted(value)}; start a key with a letter or digit and go on with letters, "
                "digits and . _ @ / + - (at most 120 in all)",
            )
        if value == INTERNET:
            raise RefusedError(
                Reason.BAD_VALUE, f"is {quoted(value)}, which is reserved; choose another key"
            )
        return value

    def write(self, value: str) -> str:
        return value

    def schema(self) -> JSONSchema:
        return {"type": "string", "pattern": f"^(?!{INTERNET}$){KEY_PATTERN}$"}


class Reference:
    """A key in another list. Several lists: written ``kind:KEY``. Whether it exists is for later.

    ``internet`` says that the reserved key may stand here.
    """

    def __init__(self, *lists: str, kinds: Collection[str] = (), internet: bool = False) -> None:
        self.lists = lists
        self.kinds = dict(zip(kinds, lists, strict=True)) if kinds else {}
        self.internet = internet

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise _wrong_type(value, "text")
        kind, key = self._split(value)
        if key == INTERNET and not self.internet:
            raise RefusedError(
                Reason.BAD_VALUE,
                f"refers to {quoted(value)}; the internet may only be the “from” of “connects”",
            )
        if self.kinds and kind not in self.kinds:
            forms = " or ".join(f"“{known}:KEY”" for known in self.kinds)
            raise RefusedError(Reason.BAD_VALUE, f"is {quoted(value)}; write {forms}")
        return value

    def _split(self, value: str) -> tuple[str, str]:
        if not self.kinds or ":" not in value:
            return "", value
        kind, _, key = value.partition(":")
        return kind, key

    def target(self, value: str) -> tuple[str, str]:
        """The list that a value refers to, and the key in it."""
        if not self.kinds:
            return self.lists[0], value
        kind, _, key = value.partition(":")
        return self.kinds[kind], key

    def write(self, value: str) -> str:
        return value

    def schema(self) -> JSONSchema:
        if self.kinds:
            kinds = "|".join(self.kinds)
            return {"type": "string", "pattern": f"^(?:{kinds}):(?!{INTERNET}$)"}
        if self.internet:
            return {"type": "string"}
        return {"type": "string", "not": {"const": INTERNET}}


class References:
    """A list of references without duplicates; its order says nothing."""

    def __init__(self, item: Reference, *, may_be_empty: bool) -> None:
        self.item = item
        self.may_be_empty = may_be_empty

    def read(self, value: object) -> tuple[str, ...]:
        items = [_item(self.item, each) for each in _array(value)]
        if not items and not self.may_be_empty:
            raise RefusedError(Reason.BAD_VALUE, "is an empty list; name at least one")
        return _once(items)

    def write(self, value: Iterable[str]) -> list[str]:
        return sorted(value)

    def schema(self) -> JSONSchema:
        shape = {"type": "array", "uniqueItems": True, "items": self.item.schema()}
        return shape if self.may_be_empty else shape | {"minItems": 1}


class Names:
    """A list of short texts without duplicates; its order says nothing."""

    def __init__(self, most: int) -> None:
        self.item = Text(most)

    def read(self, value: object) -> tuple[str, ...]:
        return _once([_item(self.item, each) for each in _array(value)])

    def write(self, value: Iterable[str]) -> list[str]:
        return sorted(value)

    def schema(self) -> JSONSchema:
        return {"type": "array", "uniqueItems": True, "items": self.item.schema()}


class Choice:
    """One of the values of an enum."""

    def __init__(self, enum: type[StrEnum], *, but: Collection[StrEnum] = ()) -> None:
        self.members = {str(each): each for each in enum if each not in but}

    def read(self, value: object) -> StrEnum:
        if not isinstance(value, str):
            raise _wrong_type(value, f"one of {', '.join(self.members)}")
        member = self.members.get(value)
        if member is None:
            raise RefusedError(
                Reason.BAD_VALUE, f"is {quoted(value)}; write one of {', '.join(self.members)}"
            )
        return member

    def write(self, value: StrEnum) -> str:
        return str(value)

    def schema(self) -> JSONSchema:
        return {"enum": list(self.members)}


class YesNoUnknown(Choice):
    """A yes, a no or an unknown; true and false are understood too."""

    def __init__(self) -> None:
        super().__init__(YesNo)

    def read(self, value: object) -> StrEnum:
        if isinstance(value, bool):
            return YesNo.YES if value else YesNo.NO
        return super().read(value)

    def schema(self) -> JSONSchema:
        return {"enum": [*self.members, True, False]}


class Flag:
    """True or false."""

    def read(self, value: object) -> bool:
        if not isinstance(value, bool):
            raise _wrong_type(value, "true or false")
        return value

    def write(self, value: bool) -> bool:
        return value

    def schema(self) -> JSONSchema:
        return {"type": "boolean"}


class Whole:
    """A whole number, 0 or greater."""

    def read(self, value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong_type(value, "a whole number")
        if not -GREATEST_WHOLE <= value <= GREATEST_WHOLE:
            raise RefusedError(Reason.BAD_VALUE, f"is out of range; write at most {GREATEST_WHOLE}")
        if value != int(value):
            raise RefusedError(Reason.WRONG_TYPE, f"is {value}; write a whole number")
        if value < 0:
            raise RefusedError(Reason.BAD_VALUE, f"is {value}; write 0 or a greater number")
        return int(value)

    def write(self, value: int) -> int:
        return value

    def schema(self) -> JSONSchema:
        return {"type": "integer", "minimum": 0, "maximum": GREATEST_WHOLE}


class Text:
    """Text of a limited length; empty text is text."""

    def __init__(self, most: int) -> None:
        self.most = most

    def read(self, value: object) -> str:
        if not isinstance(value, str):
            raise _wrong_type(value, "text")
        if len(value) > self.most:
            raise RefusedError(
                Reason.BAD_VALUE,
                f"has {len(value):,} characters; shorten it to {self.most:,} at most",
            )
        if found := _NOT_TEXT.search(value):
            raise RefusedError(
                Reason.BAD_VALUE,
                f"contains {shown(found.group())}, which is not a character of any text; remove it",
            )
        return value

    def write(self, value: str) -> str:
        return value

    def schema(self) -> JSONSchema:
        return {
            "type": "string",
            "maxLength": self.most,
            "pattern": r"^[^\u0000\ud800-\udfff]*$",
        }


class Time:
    """An instant: RFC 3339 with a zone. What is finer than a microsecond is cut off."""

    def read(self, value: object) -> datetime:
        if not isinstance(value, str):
            raise _wrong_type(value, "a time such as 2026-01-31T09:30:00Z")
        if not _TIME_TEXT.fullmatch(value):
            raise RefusedError(Reason.BAD_VALUE, self._problem(value))
        try:
            return self._instant(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            raise RefusedError(
                Reason.BAD_VALUE, f"is {quoted(value)}, an instant that no calendar has; correct it"
            ) from None

    def _instant(self, text: str) -> datetime:
        if text[17:19] == "60":  # a leap second, which datetime does not know: the next second
            return datetime.fromisoformat(f"{text[:17]}59{text[19:]}") + timedelta(seconds=1)
        return datetime.fromisoformat(text)

    def _problem(self, value: str) -> str:
        if _TIME_WITHOUT_ZONE.fullmatch(value):
            return (
                f"is {quoted(value)}, a time without a zone; end it with Z (for UTC) or an offset "
                "such as +02:00"
            )
        return f"is {quoted(value)}; write a time such as 2026-01-31T09:30:00Z, with a zone"

    def write(self, value: datetime) -> str:
        text = value.astimezone(UTC).replace(tzinfo=None).isoformat()
        return f"{text}Z"

    def schema(self) -> JSONSchema:
        return {"type": "string", "format": "date-time", "pattern": f"^{TIME_PATTERN}$"}


class Day:
    """A calendar day: YYYY-MM-DD."""

    def read(self, value: object) -> date:
        if not isinstance(value, str):
            raise _wrong_type(value, "a day such as 2026-01-31")
        try:
            if _DAY_TEXT.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        raise RefusedError(Reason.BAD_VALUE, f"is {quoted(value)}; write a day such as 2026-01-31")

    def write(self, value: date) -> str:
        return value.isoformat()

    def schema(self) -> JSONSchema:
        return {"type": "string", "format": "date", "pattern": f"^{DAY_PATTERN}$"}


def in_words(value: object) -> str:
    """What kind of JSON value this is."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "an object"


def _wrong_type(value: object, wanted: str) -> RefusedError:
    return RefusedError(Reason.WRONG_TYPE, f"is {in_words(value)}; write {wanted}")


def _array(value: object) -> list[object]:
    if not isinstance(value, list):
        raise _wrong_type(value, "a list")
    return value


def _item(item: FieldType, value: object) -> str:
    """One item of a list; the sentence then speaks of the item, not of the list."""
    try:
        text: str = item.read(value)
    except RefusedError as refused:
        raise RefusedError(refused.reason, f"has an item that {refused.problem}") from None
    return text


def _once(items: list[str]) -> tuple[str, ...]:
    """The items sorted; raises when one comes twice, and gives the others as the usable rest."""
    distinct = tuple(sorted(set(items)))
    if len(distinct) < len(items):
        twice = first_repeated(items)
        raise RefusedError(Reason.DUPLICATE, f"names {quoted(twice)} twice; name it once", distinct)
    return distinct


def first_repeated(items: Iterable[str]) -> str:
    """The first text that has come before; the caller knows that there is one."""
    seen: set[str] = set()
    for each in items:
        if each in seen:
            return each
        seen.add(each)
    raise ValueError("nothing is repeated")
