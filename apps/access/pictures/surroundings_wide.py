"""The surroundings for a desk: rows of environments at the left, gates, deployments at the right.

Rows stand under their verdict, worst on top, in bands by owner. Every way runs to the right: past
the place of somebody else in which they come to act, past its posts, by its gate.
"""

from collections.abc import Iterable, Sequence

from apps.access.pictures.metrics import (
    CALL_NAME,
    KEY,
    NAME,
    OWNER,
    OWNER_ROLE,
    TERMINAL_ROLE,
    WORD,
)
from apps.access.pictures.parts import disc
from apps.access.pictures.route import OwnerKind, Station
from apps.access.pictures.shapes import Box, Drawing, Link, number
from apps.access.pictures.surroundings import Circle, Comer, Edge, End, Surroundings
from apps.access.selectors.reach import KEY_ONLY
from apps.engine.values import VerdictKind

WIDTH = 1160.0
HEAD, ROW, GAP, TOP = 34.0, 58.0, 8.0, 16.0
OWNER_LEFT, NAME_LEFT, STATION, THROUGH = 16.0, 196.0, 412.0, 446.0
POSTS, BORDER = 626.0, 664.0
GATES = {0: 884.0, 1: 792.0, 2: 704.0}
END_LEFT, END_WIDTH, END_HEIGHT = 968.0, 172.0, 58.0
R, SMALL = 15.0, 11.0
GROUP, END_NAME = CALL_NAME, NAME
POST_CSS = {
    str(VerdictKind.UNSEGREGATED): "vr-post-missing",
    str(VerdictKind.UNDETERMINED): "vr-post-unknown",
    str(VerdictKind.SEGREGATED): "vr-post-passed",
}
HEADS = {
    str(VerdictKind.UNSEGREGATED): "without segregation",
    str(VerdictKind.UNDETERMINED): "undetermined",
    str(VerdictKind.SEGREGATED): "segregated",
    KEY_ONLY: "with a key and no path",
}


def draw(scene: Surroundings) -> Drawing:
    """Lay the surroundings out."""
    return _Wide(scene).drawing


def glyph(drawing: Drawing, verdict: str, x: float, y: float) -> None:
    """The mark of a verdict, 14 wide, its top left corner at (x, y)."""
    css = f"mark is-{verdict.replace('_', '-')}"
    if verdict == VerdictKind.UNSEGREGATED:
        drawing.rect(f"{css} is-full", Box(x, y, x + 14, y + 14), 3)
        drawing.add("path", "mark-ground", d=f"M{number(x + 3)} {number(y + 7)}h7m-3 -3l3 3l-3 3")
    elif verdict == VerdictKind.UNDETERMINED:
        drawing.add("circle", css, cx=x + 7, cy=y + 7, r=6.0)
        question = "c0-2 3.4-2 3.4 0c0 1.2-1.7 1.2-1.7 2.4m0 2.2v.1"
        drawing.add("path", css, d=f"M{number(x + 5.4)} {number(y + 5.6)}{question}")
    elif verdict == VerdictKind.SEGREGATED:
        drawing.rect(css, Box(x + 0.75, y + 0.75, x + 13.25, y + 13.25), 2.5)
        drawing.add("path", f"{css} is-wall", d=f"M{number(x + 7)} {number(y + 1)}v12")
    else:
        drawing.icon("key", css, x + 7, y + 7, 14)


def posts(drawing: Drawing, css: str, x: float, y: float, name: str) -> None:
    """Two short posts above and below a level way."""
    for top, half in ((y - 20, "above"), (y + 7, "below")):
        box = Box(x - 2.5, top, x + 2.5, top + 13)
        drawing.rect(css, box, 1)
        drawing.take(f"{name} {half}", box)


class _Wide:
    def __init__(self, scene: Surroundings) -> None:
        self.scene = scene
        self.drawing = Drawing(WIDTH)
        self.rows: list[tuple[Comer, float]] = []
        self.heads: list[tuple[Circle, float]] = []
        self.rests: list[tuple[Circle, float]] = []
        height = self._place_rows()
        tallest = max(len(scene.ends) * (END_HEIGHT + 18), self._most_gates() * 86) + 80
        self.drawing.height = max(height, tallest)
        self.places = self._places()
        self._bands()
        self._edges()
        for comer, y in self.rows:
            self._way(comer, y)
        self._gates()
        self._ends()
        for circle, y in self.heads:
            self._head(circle, y)
        for comer, y in self.rows:
            self._comer(comer, y)
        for circle, y in self.rests:
            self._rest(circle, y)

    def _place_rows(self) -> float:
        y = TOP
        for circle in self.scene.circles:
            self.heads.append((circle, y))
            y += HEAD
            for comer in circle.comers:
                self.rows.append((comer, y + ROW / 2))
                y += ROW
            if circle.rest:
                self.rests.append((circle, y))
                y += HEAD
            y += GAP
        return y + 4

    def _most_gates(self) -> int:
        counts = [list(self.scene.levels.values()).count(level) for level in GATES]
        return max(counts, default=0)

    def _places(self) -> dict[str, tuple[float, float]]:
        """The middle of every gate, and the left middle of every deployment."""
        found: dict[str, tuple[float, float]] = {}
        for level, x in GATES.items():
            here = [gate for gate in self.scene.gates if self.scene.levels[gate.id] == level]
            for gate, y in zip(here, self._spread(len(here), 86), strict=True):
                found[gate.id] = (x, y)
        ends = self.scene.ends
        for end, y in zip(ends, self._spread(len(ends), END_HEIGHT + 18), strict=True):
            found[end.id] = (END_LEFT, y)
        return found

    def _spread(self, count: int, pitch: float) -> Sequence[float]:
        middle = (self.drawing.height + 40) / 2
        first = middle - pitch * (count - 1) / 2
        return [first + pitch * index for index in range(count)]

    # --- bands ------------------------------------------------------------------------------------

    def _bands(self) -> None:
        alternate = False
        for run in _runs(self.rows):
            owner = run[0][0].station.owner
            box = Box(0, run[0][1] - ROW / 2, BORDER, run[-1][1] + ROW / 2)
            css = "band-own" if owner.kind == OwnerKind.OWN else ("band-alt", "band")[alternate]
            alternate = not alternate
            self.drawing.rect(css, box)
            y = run[0][1] - 2
            self.drawing.words(
                OWNER_LEFT, y, OWNER.shorten(owner.name, 166), OWNER, name=f"owner at {y}"
            )
            role = OWNER_ROLE.shorten(owner.role, 166)
            self.drawing.words(OWNER_LEFT, y + 15, role, OWNER_ROLE, name=f"role at {y}")
        own = self.scene.owner
        box = Box(BORDER, 0, WIDTH, self.drawing.height)
        self.drawing.rect("band-own" if own.kind == OwnerKind.OWN else "band", box)
        self.drawing.add("line", "border", x1=BORDER, x2=BORDER, y1=0.0, y2=self.drawing.height)
        self.drawing.words(BORDER + 16, 26, OWNER.shorten(own.name, 300), OWNER, name="owner")
        role = OWNER_ROLE.shorten(own.role, 300)
        self.drawing.words(BORDER + 16, 42, role, OWNER_ROLE, name="owner role")

    # --- ways -------------------------------------------------------------------------------------

    def _way(self, comer: Comer, y: float) -> None:
        if comer.verdict == KEY_ONLY:
            path = f"M{number(STATION)} {number(y)}H{number(POSTS - 50)}"
            self.drawing.add("path", "vr-rail-credential", d=path)
            self.drawing.add("path", "vr-rail-core", d=path)
            return
        dash = " is-possible" if comer.possible else ""
        start = f"M{number(STATION)} {number(y)}H{number(POSTS + 14)}"
        place = self.places.get(comer.gate) or self._end_at(comer.gate)
        if place is None:
            self.drawing.add("path", f"vr-rail{dash}", d=start)
            self.drawing.chevron(POSTS + 24, y, "chevron")
            return
        x, to = place[0] - (SMALL + 4 if place[0] < END_LEFT else 4), place[1]
        bend = number((POSTS + 14 + x) / 2)
        curve = f"C{bend} {number(y)} {bend} {number(to)} {number(x)} {number(to)}"
        self.drawing.add("path", f"vr-rail{dash}", d=start + curve)

    def _end_at(self, node: str) -> tuple[float, float] | None:
        """Straight into a host: to the first deployment."""
        is_told = bool(node) and bool(self.scene.ends)
        return self.places[self.scene.ends[0].id] if is_told else None

    def _edges(self) -> None:
        for edge in self.scene.edges:
            origin, target = self.places.get(edge.origin), self.places.get(edge.target)
            if origin is None or target is None:
                continue
            self._edge(edge, origin, target)

    def _edge(self, edge: Edge, origin: tuple[float, float], target: tuple[float, float]) -> None:
        dash = " is-possible" if edge.possible else ""
        x, y = origin
        end = target[0] - (0 if target[0] >= END_LEFT else SMALL + 4)
        bend = number((x + end) / 2)
        curve = f"C{bend} {number(y)} {bend} {number(target[1])} {number(end)} {number(target[1])}"
        self.drawing.add("path", f"vr-rail{dash}", d=f"M{number(x)} {number(y)}{curve}")

    # --- what stands there ------------------------------------------------------------------------

    def _head(self, circle: Circle, y: float) -> None:
        glyph(self.drawing, circle.verdict, OWNER_LEFT, y + 9)
        css = f"is-{circle.verdict.replace('_', '-')}"
        told = f"{circle.count:,} {HEADS[circle.verdict]}"
        self.drawing.words(
            OWNER_LEFT + 22, y + 21, told, GROUP, css=css, name=f"head {circle.verdict}"
        )

    def _comer(self, comer: Comer, y: float) -> None:
        station = comer.station
        name = NAME.balanced(station.name, STATION - NAME_LEFT - R - 12, 2)
        lines = len(name)
        has_key = bool(station.key) and lines == 1
        top = y + 4 - (lines - 1 + has_key) * 7.5
        for index, line in enumerate(name):
            self.drawing.words(
                NAME_LEFT, top + index * 15, line, NAME, name=f"name {index} of {station.id}"
            )
        if has_key:
            key = KEY.shorten_middle(station.key, STATION - NAME_LEFT - R - 12)
            self.drawing.words(NAME_LEFT, top + 15, key, KEY, name=f"key of {station.id}")
        disc(self.drawing, station, STATION, y, R, "start", icon=16)
        self._link(comer, y)
        if comer.verdict == KEY_ONLY:
            self.drawing.words(POSTS - 40, y + 4, "no path", WORD, name=f"no path of {station.id}")
            return
        posts(self.drawing, POST_CSS[comer.verdict], POSTS, y, f"posts of {station.id}")
        if comer.hops:
            told = f"{comer.hops} hop{'' if comer.hops == 1 else 's'}"
            self.drawing.words(
                POSTS - 12, y - 10, told, WORD, anchor="end", name=f"hops of {station.id}"
            )
        if comer.through is not None:
            self._through(comer.through, y, station.id)

    def _through(self, place: Station, y: float, of: str) -> None:
        told = WORD.shorten(f"through {place.name}", POSTS - THROUGH - 8)
        disc(self.drawing, place, THROUGH + 10, y, 8, "", icon=10)
        self.drawing.words(THROUGH, y + 22, told, WORD, name=f"through of {of}")

    def _link(self, comer: Comer, y: float) -> None:
        told = "with a key and no path" if comer.verdict == KEY_ONLY else comer.verdict
        self.drawing.links.append(
            Link(
                comer.anchor,
                f"{comer.station.name}, {told}",
                number(STATION),
                number(y),
                number(R + 2),
            )
        )

    def _rest(self, circle: Circle, y: float) -> None:
        self.drawing.icon("dots", "kind kind-rest", STATION, y + HEAD / 2, 16)
        self.drawing.words(
            NAME_LEFT,
            y + HEAD / 2 + 4,
            f"and {circle.rest:,} more",
            WORD,
            name=f"rest {circle.verdict}",
        )

    def _gates(self) -> None:
        for gate in self.scene.gates:
            x, y = self.places[gate.id]
            disc(self.drawing, gate, x, y, SMALL + 1, "", icon=14)
            for index, line in enumerate(WORD.balanced(gate.name, 84, 2)):
                self.drawing.words(
                    x,
                    y + 28 + index * 13,
                    line,
                    WORD,
                    anchor="middle",
                    css="is-gate",
                    name=f"gate {gate.id}",
                )

    def _ends(self) -> None:
        for end in self.scene.ends:
            _x, y = self.places[end.id]
            self._end(end, y)

    def _end(self, end: End, y: float) -> None:
        box = Box(END_LEFT, y - END_HEIGHT / 2, END_LEFT + END_WIDTH, y + END_HEIGHT / 2)
        self.drawing.rect("terminal", box, 8)
        self.drawing.take(f"end {end.id}", box)
        room = END_WIDTH - 28
        self.drawing.words(END_LEFT + 16, y - 3, END_NAME.shorten(end.name, room), END_NAME)
        self.drawing.words(
            END_LEFT + 16, y + 15, TERMINAL_ROLE.shorten(end.role, room), TERMINAL_ROLE
        )


def _runs(rows: Iterable[tuple[Comer, float]]) -> list[list[tuple[Comer, float]]]:
    """Neighbouring rows of one owner."""
    runs: list[list[tuple[Comer, float]]] = []
    for comer, y in rows:
        last = runs[-1][-1] if runs else None
        if last and last[0].station.owner.id == comer.station.owner.id and y - last[1] <= ROW:
            runs[-1].append((comer, y))
        else:
            runs.append([(comer, y)])
    return runs
