"""Canonical JSON: the numbers and the order of RFC 8785, and every digit of the rest."""

import struct
from decimal import Decimal
from enum import StrEnum

import pytest

from apps.audit.canonical import JSON, UncanonicalError, canonical, parsed

# Appendix B of RFC 8785: the bits of a double and its text.
NUMBERS = """
0000000000000000 0
8000000000000000 0
0000000000000001 5e-324
8000000000000001 -5e-324
7fefffffffffffff 1.7976931348623157e+308
ffefffffffffffff -1.7976931348623157e+308
4340000000000000 9007199254740992
c340000000000000 -9007199254740992
4430000000000000 295147905179352830000
44b52d02c7e14af5 9.999999999999997e+22
44b52d02c7e14af6 1e+23
44b52d02c7e14af7 1.0000000000000001e+23
444b1ae4d6e2ef4e 999999999999999700000
444b1ae4d6e2ef4f 999999999999999900000
444b1ae4d6e2ef50 1e+21
3eb0c6f7a0b5ed8c 9.999999999999997e-7
3eb0c6f7a0b5ed8d 0.000001
41b3de4355555553 333333333.3333332
41b3de4355555554 333333333.33333325
41b3de4355555555 333333333.3333333
41b3de4355555556 333333333.3333334
41b3de4355555557 333333333.33333343
becbf647612f3696 -0.0000033333333333333333
43143ff3c1cb0959 1424953923781206.2
"""


@pytest.mark.parametrize("line", NUMBERS.strip().splitlines())
def test_a_double_is_written_as_ecmascript_writes_it(line: str) -> None:
    bits, text = line.split()
    (double,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(double) == text


def test_the_example_of_the_standard() -> None:
    value: JSON = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '\u20ac$\u000f\u000aA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    assert canonical(value) == (
        '{"literals":[null,true,false],'
        '"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_keys_are_sorted_by_their_utf_16_units() -> None:
    # As the standard has it: an emoji (a surrogate pair) comes before U+FB33.
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    text = canonical(dict.fromkeys(keys, 0))
    assert list(parsed(text)) == [  # type: ignore[arg-type] # an object, whose keys keep their order
        "\r",
        "1",
        "\u0080",
        "\u00f6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2**53, "9007199254740992"),
        (2**53 + 1, "9007199254740993"),
        (-(2**53) - 1, "-9007199254740993"),
        (2**68, "295147905179352825856"),
        (10**22, "1e+22"),
        (10**22 + 1, "10000000000000000000001"),
        (True, "true"),
        (1, "1"),
        (1.0, "1"),
        (Decimal("0.10000000000000000001"), "0.10000000000000000001"),
        (Decimal("-12.500"), "-12.5"),
        (Decimal("1e-400"), "0." + "0" * 399 + "1"),
        (Decimal("1e400"), "1" + "0" * 400),
    ],
)
def test_a_number_keeps_every_digit(value: int | float, text: str) -> None:
    assert canonical(value) == text
    assert canonical(parsed(text)) == text


def test_numbers_that_differ_have_texts_that_differ() -> None:
    near = [2**60 + n for n in range(-200, 200)]
    assert len({canonical(n) for n in near}) == len(near)


def test_a_text_enum_is_a_text_and_a_tuple_is_a_list() -> None:
    class Colour(StrEnum):
        RED = "red"

    assert canonical({"a": (Colour.RED, "x")}) == '{"a":["red","x"]}'


def test_what_json_does_not_have_is_refused_with_its_place() -> None:
    with pytest.raises(UncanonicalError, match=r"^it\.a\[1\]\.b is a set, which JSON does not"):
        canonical({"a": [0, {"b": {1}}]}, name="it")  # type: ignore[dict-item]
