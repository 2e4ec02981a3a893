"""Canonical JSON: one text for one value, whatever the database did to it on the way. Pure.

In the manner of RFC 8785: keys sorted by UTF-16 code units, no spaces, the shortest escapes,
numbers as ECMAScript writes a double. One thing is added: a number that no double holds exactly
(2**53 + 1) is written with all its digits instead of being rounded. So two texts are equal only
when the values are, and PostgreSQL's ``jsonb``, which keeps decimal digits but not their notation,
gives back the text that went in. What ``jsonb`` cannot keep is refused.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, TypeAlias

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"

DEEPEST = 50
LONGEST_NUMBER = 400  # digits; the largest double has 309
_EXACT = 2**53


class UncanonicalError(ValueError):
    """The value cannot be kept exactly; ``str(error)`` is a sentence that says which and why."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.where = ""

    def __str__(self) -> str:
        return f"{self.where} {self.args[0]}".lstrip()


def canonical(value: JSON, *, name: str = "data") -> str:
    """The canonical text of ``value``; raises UncanonicalError for what cannot be kept exactly.

    The error calls the value by ``name``.
    """
    try:
        return _write(value, 0)
    except UncanonicalError as error:
        error.where = name + error.where
        raise


def parsed(text: str) -> JSON:
    """Read JSON without losing a digit: numbers that matter come as Decimal.

    For text that the database printed; what it returns is only good for ``canonical``.
    """
    value: JSON = json.loads(text, parse_int=_integer, parse_float=Decimal)
    return value


def _integer(digits: str) -> int | Decimal:
    # int() refuses thousands of digits, which a tampered column may hold; Decimal takes them.
    return int(digits) if len(digits) < 16 else Decimal(digits)


def _write(value: Any, depth: int) -> str:
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if depth >= DEEPEST:
        raise UncanonicalError(f"is nested deeper than {DEEPEST} levels.")
    if isinstance(value, Mapping):
        return f"{{{','.join(_members(value, depth + 1))}}}"
    if isinstance(value, list | tuple):
        return f"[{','.join(_items(value, depth + 1))}]"
    raise UncanonicalError(
        f"is a {type(value).__name__}, which JSON does not have: "
        "write it as text, a number, a list or an object."
    )


def _members(value: Mapping[Any, Any], depth: int) -> Iterator[str]:
    for key in value:
        if not isinstance(key, str):
            raise UncanonicalError(f"has the key {key!r}: keys must be text.")
    for key in sorted(value) if all(map(str.isascii, value)) else sorted(value, key=_utf16):
        try:
            yield f"{_text(key)}:{_write(value[key], depth)}"
        except UncanonicalError as error:
            error.where = f".{key}{error.where}"
            raise


def _items(value: Sequence[Any], depth: int) -> Iterator[str]:
    for index, item in enumerate(value):
        try:
            yield _write(item, depth)
        except UncanonicalError as error:
            error.where = f"[{index}]{error.where}"
            raise


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _text(value: str) -> str:
    if "\0" in value:
        raise UncanonicalError(
            "holds the character NUL (U+0000), which the database cannot store: remove it."
        )
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise UncanonicalError("holds half of a surrogate pair, which is no character: remove it.")
    return encode_basestring(value)


def _number(value: int | float | Decimal) -> str:
    if isinstance(value, int):
        if -_EXACT <= value <= _EXACT:
            return int.__repr__(value)
        if value.bit_length() > LONGEST_NUMBER * 3.3:
            raise UncanonicalError(f"is a number of more than {LONGEST_NUMBER} digits.")
        return _decimal(Decimal(value))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise UncanonicalError(f"is {value}, which is no number in JSON.")
        return _double(value)
    return _decimal(value)


def _decimal(value: Decimal) -> str:
    """A double's notation where the value is what a double prints as, else every digit."""
    nearest = float(value)
    if math.isfinite(nearest) and Decimal(repr(nearest)) == value:
        return _double(nearest)
    sign, digits, exponent = value.as_tuple()
    return _layout("-" if sign else "", "".join(map(str, digits)), int(exponent), widest=math.inf)


def _double(value: float) -> str:
    """ECMAScript's Number::toString: the shortest digits that give the double again."""
    text = float.__repr__(value)
    if value and "e" not in text:  # where Python uses no exponent, ECMAScript uses none either
        return text.removesuffix(".0")
    sign, digits, exponent = Decimal(text).as_tuple()
    return _layout("-" if sign else "", "".join(map(str, digits)), int(exponent), widest=21)


def _layout(sign: str, digits: str, exponent: int, *, widest: float) -> str:
    stripped = digits.lstrip("0").rstrip("0")
    if not stripped:
        return "0"
    point = len(digits.lstrip("0")) + exponent  # digits before the decimal point
    length = len(stripped)
    if length <= point <= widest:
        return f"{sign}{stripped}{'0' * (point - length)}"
    if 0 < point <= widest:
        return f"{sign}{stripped[:point]}.{stripped[point:]}"
    if -6 < point <= 0 or widest == math.inf:
        return f"{sign}0.{'0' * -point}{stripped}"
    power = point - 1
    mantissa = stripped[0] + (f".{stripped[1:]}" if length > 1 else "")
    return f"{sign}{mantissa}e{'+' if power > 0 else '-'}{abs(power)}"
