"""What a picture is made of once it is laid out: a few kinds of shapes, in drawing order.

Numbers are text already, so that no language setting can change them. Beside the shapes a drawing
keeps its blocks: the room that each text, station and panel takes. No two blocks may overlap.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from apps.access.pictures.metrics import ELLIPSIS, NUMBER, WORD, Style

STATION_RADIUS = 20.0


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def grown(self, by: float) -> "Box":
        return Box(self.left - by, self.top - by, self.right + by, self.bottom + by)

    def moved(self, dx: float = 0, dy: float = 0) -> "Box":
        return Box(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)


class Block(NamedTuple):
    """Room that is taken, and by what. Rails may be crossed by nothing but other rails."""

    name: str
    box: Box
    is_rail: bool = False


class Shape(NamedTuple):
    """One shape: ``kind`` chooses the element, ``css`` its look, ``at`` its numbers by name."""

    kind: str
    css: str
    at: dict[str, str]
    text: str = ""


class Link(NamedTuple):
    """A station as a link to its row in the table of hops."""

    href: str
    label: str
    x: str
    y: str
    r: str


def number(value: float) -> str:
    """A coordinate, to a tenth, without trailing zeros."""
    return f"{value:.1f}".rstrip("0").rstrip(".")


def text_box(x: float, y: float, text: str, style: Style, anchor: str = "start") -> Box:
    """The room of a line of text whose baseline is ``y``."""
    width = style.width(text)
    left = {"start": x, "middle": x - width / 2, "end": x - width}[anchor]
    return Box(left, y - style.size * 0.8, left + width, y + style.size * 0.24)


@dataclass
class Drawing:
    """A picture under construction, then finished."""

    width: float
    height: float = 0
    shapes: list[Shape] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)

    @property
    def view_box(self) -> str:
        return f"0 0 {number(self.width)} {number(self.height)}"

    def add(self, kind: str, css: str, text: str = "", **at: float | str) -> None:
        written = {
            name: value if isinstance(value, str) else number(value) for name, value in at.items()
        }
        self.shapes.append(Shape(kind, css, written, text))

    def take(self, name: str, box: Box, *, is_rail: bool = False) -> None:
        self.blocks.append(Block(name, box, is_rail))

    def is_free(self, box: Box, *, air: float = 0, but: str = "-") -> bool:
        """Whether nothing comes closer than ``air``, save blocks whose name starts with ``but``."""
        wanted = box.grown(air)
        return not any(
            block.box.overlaps(wanted) for block in self.blocks if not block.name.startswith(but)
        )

    def rect(self, css: str, box: Box, radius: float = 0) -> None:
        self.add(
            "rect",
            css,
            x=box.left,
            y=box.top,
            width=box.right - box.left,
            height=box.bottom - box.top,
            rx=radius,
        )

    def words(
        self,
        x: float,
        y: float,
        text: str,
        style: Style,
        *,
        anchor: str = "start",
        css: str = "",
        name: str = "",
    ) -> Box:
        """Write one line; it takes its room when it has a ``name``."""
        self.add("text", f"{style.css} {css}".strip(), text, x=x, y=y, anchor=anchor)
        box = text_box(x, y, text, style, anchor)
        if name:
            self.take(name, box)
        return box

    def icon(self, name: str, css: str, x: float, y: float, size: float) -> None:
        """An icon of the sprite, around its centre."""
        self.add("icon", css, name, x=x - size / 2, y=y - size / 2, size=size)

    def chevron(
        self, x: float, y: float, css: str, *, down: bool = False, wide: bool = False
    ) -> None:
        """An arrow head whose point is at (x, y)."""
        half = 9.0 if wide else 6.5
        tail = (
            f"l-{number(half)} -9h{number(2 * half)}z"
            if down
            else f"l-9 -{number(half)}v{number(2 * half)}z"
        )
        self.add("path", css, d=f"M{number(x)} {number(y)}{tail}")


class Label(NamedTuple):
    """A hop's number and words, laid out from its own top left corner."""

    number: int
    lines: tuple[str, ...]
    width: float
    height: float

    @property
    def dislike(self) -> float:
        """What speaks against it: many lines, words that were cut."""
        return 6 * len(self.lines) + 30 * any(line.endswith(ELLIPSIS) for line in self.lines)

    def draw(self, drawing: Drawing, left: float, top: float, name: str) -> None:
        indent = 0.0
        if self.number:
            drawing.add("circle", "disc", cx=left + 7, cy=top + 7, r=7.0)
            drawing.words(left + 7, top + 10.6, str(self.number), NUMBER, anchor="middle")
            indent = 18.0
        for index, line in enumerate(self.lines):
            drawing.words(left + indent, top + 10.6 + index * WORD.leading, line, WORD)
        drawing.take(name, self.box(left, top))

    def box(self, left: float, top: float) -> Box:
        return Box(left, top, left + self.width, top + self.height)


def label(number_: int, texts: Iterable[str], limit: float) -> Label:
    """A label no wider than ``limit``, its words wrapped as needed."""
    indent = 18.0 if number_ else 0.0
    lines = tuple(
        line for text in texts if text for line in WORD.balanced(text, max(limit - indent, 30), 3)
    )
    height = max(14.0, WORD.leading * len(lines))
    return Label(number_, lines, indent + WORD.widest(lines), height)
