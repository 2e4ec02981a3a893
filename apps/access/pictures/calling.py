"""Finds the place of the call-out in the wide picture: near what it points at, over nothing."""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from apps.access.pictures.parts import CallOut, lead
from apps.access.pictures.route import Call
from apps.access.pictures.shapes import Box, Drawing, number

WIDTHS = (298.0, 262.0, 232.0, 184.0, 140.0)
LEFT_MOST, RIGHT_MOST = 16.0, 956.0


class Anchor(NamedTuple):
    """The point a lead starts from: below upright posts, or beside level ones (``sideways``)."""

    x: float
    y: float
    sideways: float = 0.0


class _Place(NamedTuple):
    cost: float
    call_out: CallOut
    box: Box
    lead: tuple[tuple[float, float], ...]


def place(
    drawing: Drawing,
    call: Call,
    anchor: Anchor,
    borders: list[float],
    lowest: float,
    dearest: float,
) -> bool:
    """Draw the call-out at its best free place; false when none is as near as ``dearest``."""
    places = sorted(_places(call, anchor, borders, lowest), key=lambda place: place.cost)
    for best in places:
        if best.cost > dearest:
            return False
        if drawing.is_free(best.box, air=8) and _is_clear(drawing, best.lead):
            path = "L".join(f"{number(x)} {number(y)}" for x, y in best.lead)
            lead(drawing, f"M{path}", possible=call.possible)
            best.call_out.draw(drawing, best.box.left, best.box.top)
            return True
    return False


def _places(call: Call, anchor: Anchor, borders: list[float], lowest: float) -> Iterator[_Place]:
    """Every place that can be led to, with what speaks against it."""
    for width in WIDTHS:
        call_out = CallOut(call, width)
        for left, top in _corners(anchor, call_out, lowest):
            box = call_out.box(left, top)
            path = _lead(anchor, box)
            if path is None:
                continue
            crossed = sum(box.left < border < box.right for border in borders)
            length = sum(abs(x - u) + abs(y - v) for (x, y), (u, v) in pairwise(path))
            against = 100 * crossed + 400 * call_out.is_cut + (WIDTHS[0] - width) * 0.5
            yield _Place(length + against, call_out, box, path)


def _corners(anchor: Anchor, call_out: CallOut, lowest: float) -> Iterator[tuple[float, float]]:
    width, height = call_out.width, call_out.height
    if anchor.sideways:
        lefts = [anchor.x + anchor.sideways + 22, anchor.x - anchor.sideways - 22 - width]
        tops = [anchor.y - height * part for part in (0.5, 0.35, 0.65, 0.2, 0.8)]
    else:
        shifts = (-width - 16, -width + 24, -width * 0.75, -width / 2, -width * 0.25, -24, 16)
        lefts = [anchor.x + shift for shift in shifts]
        lefts += [LEFT_MOST, RIGHT_MOST - width]
        tops = [anchor.y + 14 + step * 7 for step in range(40)]
    for left in lefts:
        kept = min(max(left, LEFT_MOST), RIGHT_MOST - width)
        for top in tops:
            if top + height <= lowest:
                yield kept, top


def _lead(anchor: Anchor, box: Box) -> tuple[tuple[float, float], ...] | None:
    """The line from the anchor to the box: straight, or down and then sideways."""
    x, y = anchor.x, anchor.y
    if anchor.sideways:
        if not box.top + 10 <= y <= box.bottom - 10:
            return None
        start = x + anchor.sideways if box.left > x else x - anchor.sideways
        return ((start, y), (box.left if box.left > x else box.right, y))
    if box.left + 12 <= x <= box.right - 12:
        return ((x, y), (x, box.top)) if box.top > y else None
    level = box.top + min(26.0, (box.bottom - box.top) / 2)
    edge = box.right if box.right < x else box.left
    if level <= y or box.left - 10 <= x <= box.right + 10:
        return None
    return ((x, y), (x, level), (edge, level))


def _is_clear(drawing: Drawing, path: tuple[tuple[float, float], ...]) -> bool:
    return all(
        drawing.is_free(
            Box(min(x, u) - 3, min(y, v) + 1, max(x, u) + 3, max(y, v) + 1), but="posts called"
        )
        for (x, y), (u, v) in pairwise(path)
    )
