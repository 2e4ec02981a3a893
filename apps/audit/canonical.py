"""Canonical JSON: one text for one value, whatever the database did to it on the way. Pure.

In the manner of RFC 8785: keys sorted by UTF-16 code units, no spaces, the shortest escapes,
numbers as ECMAScript writes a double. One thing is added: a number that no double holds exactly
(2**53 + 1) is written with all its digits instead of being rounded. So two texts are equal only
when the values are, and PostgreSQL's ``jsonb``, which keeps decimal digits but not their notation,
gives back the text that went in. What ``jsonb`` cannot keep is refused.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeAlias

JSON: TypeAlias = "bool | int | float | str | Sequence[JSON] | Mapping[str, JSON] | None"

DEEPEST = 50
LONGEST_NUMBER = 400  # digits; the largest double has 309
_EXACT = 2**53
_quoted: Callable[[str], str] = json.JSONEncoder(ensure_ascii=False).encode


class UncanonicalError(ValueError):
    """The value cannot be kept exactly; ``str(error)`` is a sentence that says which and why."""


def canonical(value: JSON, *, name: str = "data") -> str:
    """The canonical text of ``value``; raises UncanonicalError for what cannot be kept exactly.

    The error calls the value by ``name``.
    """
    return _write(value, name, 0)


def parsed(text: str) -> JSON:
    """Read JSON without losing a digit: numbers that matter come as Decimal.

    For text that the database printed; what it returns is only good for ``canonical``.
    """
    value: JSON = json.loads(text, parse_int=_integer, parse_float=Decimal)
    return value


def _integer(digits: str) -> int | Decimal:
    # int() refuses thousands of digits, which a tampered column may hold; Decimal takes them.
    return int(digits) if len(digits) < 16 else Decimal(digits)


def _write(value: Any, where: str, depth: int) -> str:
    if isinstance(value, str):
        return _text(value, where)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return _number(value, where)
    if depth >= DEEPEST:
        raise UncanonicalError(f"{where} is nested deeper than {DEEPEST} levels.")
    if isinstance(value, Mapping):
        return _object(value, where, depth)
    if isinstance(value, list | tuple):
        items = [_write(item, f"{where}[{i}]", depth + 1) for i, item in enumerate(value)]
        return f"[{','.join(items)}]"
    raise UncanonicalError(
        f"{where} is a {type(value).__name__}, which JSON does not have: "
        "write it as text, a number, a list or an object."
    )


def _object(value: Mapping[Any, Any], where: str, depth: int) -> str:
    for key in value:
        if not isinstance(key, str):
            raise UncanonicalError(f"{where} has the key {key!r}: keys must be text.")
    keys = sorted(value) if all(map(str.isascii, value)) else sorted(value, key=_utf16)
    members = [
        f"{_text(key, f'a key of {where}')}:{_write(value[key], f'{where}.{key}', depth + 1)}"
        for key in keys
    ]
    return f"{{{','.join(members)}}}"


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be", "surrogatepass")


def _text(value: str, where: str) -> str:
    if "\0" in value:
        raise UncanonicalError(
            f"{where} holds the character NUL (U+0000), which the database cannot store: remove it."
        )
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise UncanonicalError(
            f"{where} holds half of a surrogate pair, which is not a character: remove it."
        )
    return _quoted(str(value))


def _number(value: int | float | Decimal, where: str) -> str:
    if isinstance(value, int):
        if -_EXACT <= value <= _EXACT:
            return str(int(value))
        if value.bit_length() > LONGEST_NUMBER * 3.3:
            raise UncanonicalError(f"{where} is a number of more than {LONGEST_NUMBER} digits.")
        return _decimal(Decimal(int(value)))
    if isinstance(value, float):
        if not math.isfinite(value):
            raise UncanonicalError(f"{where} is {value}, which is not a JSON number.")
        return _double(float(value))
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
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
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
