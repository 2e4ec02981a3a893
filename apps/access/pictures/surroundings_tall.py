"""The surroundings for a phone: environments in one column, a trunk down to the model beside it."""

from apps.access.pictures.metrics import NAME, OWNER, OWNER_ROLE, TERMINAL_ROLE, WORD
from apps.access.pictures.parts import disc
from apps.access.pictures.route import OwnerKind, Station
from apps.access.pictures.shapes import Box, Drawing, Link, Shape, number
from apps.access.pictures.surroundings import Circle, Comer, End, Surroundings
from apps.access.pictures.surroundings_wide import (
    END_NAME,
    GROUP,
    HEADS,
    POST_CSS,
    glyph,
    posts,
)
from apps.access.selectors.reach import KEY_ONLY

WIDTH = 358.0
TRUNK, STATION, WORDS = 16.0, 84.0, 110.0
ROOM = WIDTH - WORDS - 8
R = 14.0


def draw(scene: Surroundings) -> Drawing:
    """Lay the surroundings out."""
    return _Tall(scene).drawing


class _Tall:
    def __init__(self, scene: Surroundings) -> None:
        self.scene = scene
        self.drawing = Drawing(WIDTH)
        self.y = 10.0
        self.first: float | None = None
        for circle in scene.circles:
            self._circle(circle)
        self._inside()
        self.drawing.height = self.y + 12

    def _circle(self, circle: Circle) -> None:
        glyph(self.drawing, circle.verdict, WORDS - 26, self.y + 7)
        css = f"is-{circle.verdict.replace('_', '-')}"
        told = f"{circle.count:,} {HEADS[circle.verdict]}"
        self.drawing.words(WORDS, self.y + 19, told, GROUP, css=css, name=f"head {circle.verdict}")
        self.y += 34
        for comer in circle.comers:
            self._comer(comer)
        if circle.rest:
            self.drawing.words(
                WORDS, self.y + 12, f"and {circle.rest:,} more", WORD, name=circle.verdict
            )
            self.y += 26
        self.y += 6

    def _comer(self, comer: Comer) -> None:
        lines = [(NAME, line) for line in NAME.balanced(comer.station.name, ROOM, 2)] + [
            (WORD, WORD.shorten(comer.station.owner.name, ROOM))
        ]
        if comer.through:
            lines += [(WORD, WORD.shorten(f"through {comer.through.name}", ROOM))]
        if comer.verdict == KEY_ONLY:
            lines += [(WORD, "key, no path")]
        elif comer.hops:
            lines += [(WORD, f"{comer.hops} hop{'' if comer.hops == 1 else 's'} away")]
        height = 15.0 * len(lines) + 16
        middle = self.y + height / 2
        for index, (style, line) in enumerate(lines):
            at = self.y + 18 + index * 15
            self.drawing.words(WORDS, at, line, style, name=f"{comer.station.id} line {index}")
        self._rail(comer, middle)
        disc(self.drawing, comer.station, STATION, middle, R, "start", icon=15)
        self.drawing.links.append(
            Link(
                comer.anchor,
                f"{comer.station.name}, {comer.verdict.replace('_', ' ')}",
                number(STATION),
                number(middle),
                number(R + 2),
            )
        )
        self.y += height

    def _rail(self, comer: Comer, y: float) -> None:
        if comer.verdict == KEY_ONLY:
            path = f"M{number(STATION)} {number(y)}H{number(TRUNK + 24)}"
            self.drawing.add("path", "vr-rail-credential", d=path)
            self.drawing.add("path", "vr-rail-core", d=path)
            return
        self.first = y if self.first is None else self.first
        dash = " is-possible" if comer.possible else ""
        path = f"M{number(STATION)} {number(y)}H{number(TRUNK)}"
        self.drawing.add("path", f"vr-rail{dash}", d=path)
        posts(self.drawing, POST_CSS[comer.verdict], 40, y, f"posts of {comer.station.id}")

    def _inside(self) -> None:
        """Our side of the border: gates, then the deployments."""
        top = self.y
        height = 44 + 34 * len(self.scene.gates) + 64 * len(self.scene.ends)
        owner = self.scene.owner
        css = "band-own" if owner.kind == OwnerKind.OWN else "band"
        band = Box(0, top, WIDTH, top + height + 12)
        self.drawing.shapes.insert(0, _rect(css, band))
        self.drawing.words(WORDS, top + 20, OWNER.shorten(owner.name, ROOM), OWNER, name="owner")
        role = OWNER_ROLE.shorten(owner.role, ROOM)
        self.drawing.words(WORDS, top + 34, role, OWNER_ROLE, name="owner role")
        self.y += 46
        for gate in self.scene.gates:
            self._gate(gate)
        for end in self.scene.ends:
            self._end(end)
        if self.first is not None:
            bottom = self.y - 36
            trunk = f"M{number(TRUNK)} {number(self.first)}V{number(bottom)}"
            self.drawing.add("path", "vr-rail", d=trunk)
            self.drawing.chevron(TRUNK, bottom + 4, "chevron", down=True)

    def _gate(self, gate: Station) -> None:
        y = self.y + 14
        path = f"M{number(TRUNK)} {number(y)}H{number(STATION)}"
        self.drawing.add("path", "vr-rail", d=path)
        disc(self.drawing, gate, STATION, y, 11, "", icon=13)
        name = WORD.shorten(gate.name, ROOM)
        self.drawing.words(WORDS, y + 4, name, WORD, name=f"gate {gate.id}")
        self.y += 34

    def _end(self, end: End) -> None:
        box = Box(STATION - 40, self.y, WIDTH - 14, self.y + 54)
        middle = self.y + 27
        path = f"M{number(TRUNK)} {number(middle)}H{number(box.left)}"
        self.drawing.add("path", "vr-rail", d=path)
        self.drawing.rect("terminal", box, 8)
        self.drawing.take(f"end {end.id}", box)
        room = box.right - box.left - 32
        self.drawing.words(box.left + 16, middle - 3, END_NAME.shorten(end.name, room), END_NAME)
        self.drawing.words(
            box.left + 16, middle + 15, TERMINAL_ROLE.shorten(end.role, room), TERMINAL_ROLE
        )
        self.y += 64


def _rect(css: str, box: Box) -> Shape:
    holder = Drawing(0)
    holder.rect(css, box)
    return holder.shapes[0]
