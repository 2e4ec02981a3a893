"""The parts that both pictures share: stations, rails, posts, the call-out's lines."""

from apps.access.pictures.metrics import (
    ALSO,
    CALL_HEAD,
    CALL_NAME,
    CALL_TEXT,
    ELLIPSIS,
)
from apps.access.pictures.route import Call, Gate, Hop, Station, Step, Tag
from apps.access.pictures.shapes import Box, Drawing, Link, number

CALL_PAD = 14.0
NARROW = 200.0
TAG_HEIGHT = 18.0


def rails(drawing: Drawing, path: str, hop: Hop, *, credential: bool) -> None:
    """One leg's line along ``path``: solid and single, or double and in the accent."""
    dash = " is-possible" if hop.possible else ""
    if credential:
        drawing.add("path", f"vr-rail-credential{dash}", d=path)
        drawing.add("path", "vr-rail-core", d=path)
    else:
        drawing.add("path", f"vr-rail{dash}", d=path)


def disc(
    drawing: Drawing,
    station: Station,
    x: float,
    y: float,
    radius: float,
    role: str,
    *,
    icon: float = 0,
) -> None:
    """A station: a circle with its icon. ``role``: start, credential or empty."""
    suffixes = [role] if role else []
    if station.unknown:
        suffixes.append("unknown")
    css = " ".join(["station", *(f"station-{suffix}" for suffix in suffixes)])
    kind = f"kind kind-{suffixes[-1]}" if suffixes else "kind"
    drawing.add("circle", css, cx=x, cy=y, r=radius)
    drawing.icon(station.icon, kind, x, y, icon or radius)
    drawing.take(f"station {station.id}", Box(x - radius, y - radius, x + radius, y + radius))


def link(drawing: Drawing, station: Station, hop: Hop | None, x: float, y: float, r: float) -> None:
    """Let the station be pressed: it leads to the row of the hop that arrives there."""
    row = hop.number if hop and hop.number else 1
    drawing.links.append(
        Link(f"#hop-{row}", f"{station.name}, hop {row}", number(x), number(y), number(r + 2))
    )


def post_css(call: Call | None, hop: Hop) -> str:
    """How the posts on a hop look; empty when it has none."""
    if call and call.hop == hop.number and hop.number:
        return "vr-post-unknown" if call.possible else "vr-post-missing"
    return {Gate.PASSED: "vr-post-passed", Gate.UNKNOWN: "vr-post-unknown", Gate.NONE: ""}[hop.gate]


def posts_upright(drawing: Drawing, css: str, x: float, y: float, name: str) -> None:
    """Two posts above and below a level line."""
    for top, half in ((y - 27, "above"), (y + 9, "below")):
        box = Box(x - 2.5, top, x + 2.5, top + 18)
        drawing.rect(css, box, 1)
        drawing.take(f"{name} {half}", box)


def posts_level(drawing: Drawing, css: str, x: float, y: float, name: str) -> None:
    """Two posts left and right of an upright line."""
    for left, half in ((x - 27, "left"), (x + 11, "right")):
        box = Box(left, y - 2.5, left + 16, y + 2.5)
        drawing.rect(css, box, 1)
        drawing.take(f"{name} {half}", box)


def tag(drawing: Drawing, item: Tag, left: float, top: float, name: str) -> None:
    possible = "-possible" if item.possible else ""
    box = tag_box(item, left, top)
    drawing.rect(f"also{' also' + possible if possible else ''}", box, 4)
    drawing.words(
        left + 7, top + 12.6, item.text, ALSO, css=f"also-word{possible}" if possible else ""
    )
    drawing.take(name, box)


def tag_box(item: Tag, left: float, top: float) -> Box:
    return Box(left, top, left + ALSO.width(item.text) + 14, top + TAG_HEIGHT)


class CallOut:
    """The call-out, wrapped to a width; where it stands is decided later."""

    def __init__(self, call: Call, width: float) -> None:
        self.call, self.width = call, width
        room = width - 2 * CALL_PAD
        is_narrow = width < NARROW
        self.names = CALL_NAME.wrap(call.name, room, 5 if is_narrow else 2)
        self.texts = CALL_TEXT.wrap(call.text, room, 9 if is_narrow else 4)
        self.height = (
            12
            + CALL_HEAD.leading
            + CALL_NAME.leading * len(self.names)
            + CALL_TEXT.leading * len(self.texts)
            + 12
        )

    @property
    def is_cut(self) -> bool:
        """Whether some of its words found no room at this width."""
        return any(line.endswith(ELLIPSIS) for line in (*self.names, *self.texts))

    def box(self, left: float, top: float) -> Box:
        return Box(left, top, left + self.width, top + self.height)

    def draw(self, drawing: Drawing, left: float, top: float) -> None:
        possible = self.call.possible
        drawing.rect("call call-possible" if possible else "call", self.box(left, top), 6)
        drawing.take("call-out", self.box(left, top))
        x, y = left + CALL_PAD, top + 20
        head = "call-head-possible" if possible else ""
        drawing.words(x, y, CALL_HEAD.shorten(self.call.head, self.width - 28), CALL_HEAD, css=head)
        y += CALL_HEAD.leading
        for line in self.names:
            drawing.words(x, y, line, CALL_NAME)
            y += CALL_NAME.leading
        y += 2
        for line in self.texts:
            drawing.words(x, y, line, CALL_TEXT)
            y += CALL_TEXT.leading


def lead(drawing: Drawing, path: str, *, possible: bool) -> None:
    drawing.add("path", "lead lead-possible" if possible else "lead", d=path)


def words_of(hop: Hop) -> tuple[str, ...]:
    return (hop.word, hop.note) if hop.note else (hop.word,)


def arrivals(start: Station, steps: tuple[Step, ...]) -> list[tuple[Station, Hop | None]]:
    """The stations of a leg, each with the hop that arrives there."""
    found: list[tuple[Station, Hop | None]] = [(start, None)]
    found += [(step.station, step.hop) for step in steps if step.station]
    return found
