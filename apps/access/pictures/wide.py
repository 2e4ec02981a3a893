"""The picture for a desk: 1160 wide, the network on the upper row, the credential on the lower.

Columns are spread first, then every text is put where there is room for it. What cannot find room
between the rows pushes the lower row down, a little at a time, until everything stands free.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from apps.access.pictures.calling import Anchor, place
from apps.access.pictures.fold import columns, folded
from apps.access.pictures.metrics import KEY, NAME, OWNER, OWNER_ROLE
from apps.access.pictures.parts import (
    TAG_HEIGHT,
    disc,
    link,
    post_css,
    posts_level,
    posts_upright,
    rails,
    tag,
    tag_box,
    words_of,
)
from apps.access.pictures.route import Hop, Owner, OwnerKind, Route, Station, Step
from apps.access.pictures.shapes import (
    STATION_RADIUS,
    Box,
    Drawing,
    Label,
    label,
    number,
)
from apps.access.pictures.spread import (
    BESIDE_STATION,
    LABEL_LIMIT,
    TERMINAL_LEFT,
    Line,
    plan,
    text_width,
)
from apps.access.pictures.terminals import draw_upright

WIDTH = 1160.0
ROW = 152.0
LOWER_ROW, LOWEST_ROW = 284.0, 640.0
R = STATION_RADIUS
LEAD = "way of the lead"
NEAR = 240.0  # a call-out further off than this is worth moving the lower row for


def draw(route: Route) -> Drawing:
    """Lay a route out, with the lower row as high as everything has room."""
    route = folded(route.on_two_rows())
    lower = LOWER_ROW
    picture = _Wide(route, lower)
    while not picture.fits and lower < LOWEST_ROW:
        lower += 12 if lower < LOWER_ROW + 120 else 40
        picture = _Wide(route, lower)
    return picture.drawing


class _Place(NamedTuple):
    """Where a label could stand, and how little that is liked."""

    label: Label
    left: float
    top: float
    cost: float = 0


class _Wide:
    """One attempt, for one height of the lower row."""

    def __init__(self, route: Route, lower: float) -> None:
        self.route, self.lower = route, lower
        self.call = route.call
        self.drawing = Drawing(WIDTH)
        self.fits = True
        self.anchor: Anchor | None = None
        found = columns(route)
        self.end_owner = route.terminal.owner if route.terminal else found[-1].owner
        self.plan = plan(route, found, self.end_owner)
        self.drop_x = self.plan.xs[len(route.shared)]
        self.way_down = list(self._lower_steps())
        self._rails()
        self._stations()
        if route.terminal:
            draw_upright(self.drawing, route.terminal, TERMINAL_LEFT, ROW, lower)
        cuts_above = [self._upper_posts(line) for line in self.plan.lines]
        for line, cut in zip(self.plan.lines, cuts_above, strict=True):
            self._upper_words(line, cut)
        self._drop_words()
        cuts = self._lower_posts()
        self._tags()
        self._call_out()
        self._lower_words(cuts)
        self._bands()

    def _lower_steps(self) -> Iterator[tuple[Step, float, float]]:
        """The credential's own steps, each with the place where it starts and where it ends."""
        start = self.drop_x
        places = {c.lower.id: self.plan.xs[i] for i, c in enumerate(self.plan.columns) if c.lower}
        for step in self.route.credential:
            end = places[step.station.id] if step.station else TERMINAL_LEFT
            yield step, start, end
            start = end

    # --- lines and stations -----------------------------------------------------------------------

    def _rails(self) -> None:
        for index, line in enumerate(self.plan.lines):
            start, end = self.plan.x(line.start), self.plan.x(line.end)
            both = line.shared and self.route.has_network
            rows = (
                ((ROW - 4, False), (ROW + 5, True))
                if both
                else ((ROW, line.shared or not self.route.has_network),)
            )
            for y, credential in rows:
                path = f"M{number(start)} {number(y)}H{number(end)}"
                rails(self.drawing, path, line.hop, credential=credential)
            point = end - (14 if line.end is None else R + 6)
            only_credential = not both and rows[0][1]
            self.drawing.chevron(
                point,
                ROW + 0.5 if both else ROW,
                "chevron-credential" if only_credential else "chevron",
                wide=both,
            )
            box = Box(start + R, ROW - 9, end - R, ROW + 9)
            self.drawing.take(f"rail {index}", box, is_rail=True)
        for index, (step, start, end) in enumerate(self.way_down):
            self._lower_rail(index, step, start, end)

    def _lower_rail(self, index: int, step: Step, start: float, end: float) -> None:
        drops = index == 0
        path = (
            f"M{number(start)} {number(ROW)}V{number(self.lower)}"
            if drops
            else (f"M{number(start)} {number(self.lower)}")
        )
        if end != start:
            path += f"H{number(end)}"
        rails(self.drawing, path, step.hop, credential=True)
        if end != start:
            point = end - (14 if step.station is None else R + 6)
            self.drawing.chevron(point, self.lower, "chevron-credential")
            box = Box(start, self.lower - 4, end, self.lower + 4)
            self.drawing.take(f"lower rail {index}", box, is_rail=True)
        else:
            self.drawing.chevron(start, self.lower - R - 6, "chevron-credential", down=True)
        if drops:
            box = Box(start - 5, ROW + R, start + 5, self.lower - (R if end == start else 0))
            self.drawing.take("drop", box, is_rail=True)

    def _stations(self) -> None:
        arrived: dict[str, Hop] = {
            step.station.id: step.hop
            for step in (*self.route.shared, *self.route.network, *self.route.credential)
            if step.station
        }
        for index, column in enumerate(self.plan.columns):
            x = self.plan.xs[index]
            for station, y in ((column.upper, ROW), (column.lower, self.lower)):
                if station is None:
                    continue
                role = "credential" if station.is_credential else ""
                is_start = station is self.route.start
                disc(self.drawing, station, x, y, R, "start" if is_start else role)
                link(self.drawing, station, arrived.get(station.id), x, y, R)
                self._names(station, x, above=y == ROW)

    def _names(self, station: Station, x: float, *, above: bool) -> None:
        lines = NAME.balanced(station.name, self.plan.text_limit, 2)
        lowest = ROW - 32 - (NAME.leading if station.key else 0)
        first = lowest - NAME.leading * (len(lines) - 1) if above else self.lower + 37
        y = first - NAME.leading
        for position, line in enumerate(lines):
            y += NAME.leading
            name = f"name {station.id} {position}"
            self.drawing.words(x, y, line, NAME, anchor="middle", name=name)
        if station.key:
            key = KEY.shorten_middle(station.key, self.plan.text_limit)
            y = ROW - 32 if above else y + KEY.leading - 1
            self.drawing.words(x, y, key, KEY, anchor="middle", name=f"key {station.id}")

    # --- hops -------------------------------------------------------------------------------------

    def _upper_posts(self, line: Line) -> float | None:
        """Posts on a stretch of the upper row; where they, or a border, cut it."""
        border = self.plan.border_on(line)
        css = post_css(self.call, line.hop)
        if not css:
            return border
        start, end = self.plan.x(line.start), self.plan.x(line.end)
        cut = border or self._post_place(line.hop, start, end)
        self._posts(css, cut, line.hop, ROW)
        return cut

    def _upper_words(self, line: Line, cut: float | None) -> None:
        start, end = self.plan.x(line.start), self.plan.x(line.end)
        free_from, free_to = start + BESIDE_STATION, end - (R + 6)
        spans = [(free_from, free_to)]
        if cut is not None:
            spans = [(free_from, cut - 5), (cut + 8, free_to)]
        self._place(f"hop {line.hop.number}", self._beside(line.hop, spans, cut, start, end))

    def _post_place(self, hop: Hop, start: float, end: float) -> float:
        width = label(hop.number, words_of(hop), LABEL_LIMIT).width
        return min(max((start + end) / 2, start + BESIDE_STATION + width + 12), end - R - 20)

    def _posts(self, css: str, x: float, hop: Hop, row: float) -> None:
        called = bool(self.call and self.call.hop == hop.number)
        posts_upright(
            self.drawing, css, x, row, "posts called" if called else f"posts {hop.number}"
        )
        if called:
            self.anchor = Anchor(x, row + 27)
            # The lead needs a way down to the call-out; it is given back once that stands.
            self.drawing.take(LEAD, Box(x - 4, row + 27, x + 4, row + 97))

    def _beside(
        self,
        hop: Hop,
        spans: list[tuple[float, float]],
        cut: float | None,
        start: float,
        end: float,
    ) -> Iterator[_Place]:
        """Places for a hop's words: between the stations, else below them, wrapped as needed."""
        texts = words_of(hop)
        one = label(hop.number, texts, 400)
        for low, high in spans:
            if len(one.lines) == 1 and one.width <= high - low:
                left = low if cut is not None else (low + high - one.width) / 2
                yield _Place(one, left, ROW + 13.4)
        for limit in (LABEL_LIMIT, 118, 96, 80, 66):
            block = label(hop.number, texts, limit)
            middle = (start + end - block.width) / 2
            before, behind = (middle, middle) if cut is None else (cut - 8 - block.width, cut + 8)
            # A word stands before the border that its hop crosses, a note behind the gate.
            liked = behind if hop.note else before
            for left in (before, behind, start + 8, end - 8 - block.width):
                if not (start - 20 <= left and left + block.width <= min(end + 60, 958)):
                    continue
                for top in range(int(ROW) + 34, int(self.lower) - 20, 6):
                    away = 0.0 if left == liked else 4.0 if left in (before, behind) else 25.0
                    yield _Place(block, left, float(top), 20 + away + block.dislike)

    def _drop_words(self) -> None:
        """The words of the hop that runs down to the lower row, when a station waits there."""
        if not self.way_down or self.way_down[0][1] != self.way_down[0][2]:
            return
        hop = self.way_down[0][0].hop
        css = post_css(self.call, hop)
        tops = range(int(ROW) + 58, int(self.lower) - 46, 6)
        blocks = [label(hop.number, words_of(hop), limit) for limit in (118, 84, 66)]
        places = [
            _Place(block, left, float(top), top - tops[0] + block.dislike)
            for top in tops
            for block in blocks
            for left in (self.drop_x + 13, self.drop_x - 13 - block.width)
        ]
        if css:
            y = (ROW + self.lower) / 2 + 12
            posts_level(self.drawing, css, self.drop_x, y, "posts called")
            if self.call and self.call.hop == hop.number:
                self.anchor = Anchor(self.drop_x, y, sideways=27)
        self._place(f"hop {hop.number}", places)

    def _lower_posts(self) -> dict[int, float]:
        """Posts on the lower row, and where they cut its stretches."""
        cuts = {}
        for index, (step, start, end) in enumerate(self.way_down):
            css = post_css(self.call, step.hop)
            if start != end and css:
                cuts[index] = self._between_names(start, end)
                self._posts(css, cuts[index], step.hop, self.lower)
        return cuts

    def _between_names(self, start: float, end: float) -> float:
        """Past the words of the hop, where no station's name stands below the lower row."""
        low = start + self._half_name(start) + 10
        high = end - self._half_name(end) - 10
        return min(max(low, (start + end) / 2 + 30), high) if low < high else (low + high) / 2

    def _half_name(self, x: float) -> float:
        columns = zip(self.plan.columns, self.plan.xs, strict=True)
        stations = [column.lower for column, at in columns if at == x]
        return max(
            (text_width(station, self.plan.text_limit) / 2 for station in stations if station),
            default=12.0,
        )

    def _lower_words(self, cuts: dict[int, float]) -> None:
        for index, (step, start, end) in enumerate(self.way_down):
            if start == end:
                continue
            low = start + (R + 6 if index else 12)
            high = end - (26 if step.station is None else R + 12)
            places = list(self._above(step.hop, low, high, self.lower - 7))
            if index in cuts:
                places = list(self._above(step.hop, low, cuts[index] - 8, self.lower - 7))
                places += self._above(step.hop, low, high, self.lower - 31)
            self._place(f"hop {step.hop.number}", places)

    def _above(self, hop: Hop, low: float, high: float, bottom: float) -> Iterator[_Place]:
        for limit in (high - low, 140, 110, 84, 66):
            block = label(hop.number, words_of(hop), min(limit, high - low))
            room = high - low - block.width
            for part in (0.5, 0.4, 0.6, 0.25, 0.75, 0.1, 0.9, 0.0, 1.0):
                if room >= 0:
                    cost = 10 * abs(part - 0.5) + block.dislike + self.lower - bottom
                    yield _Place(block, low + room * part, bottom - block.height, cost)

    def _place(self, name: str, places: Iterable[_Place]) -> None:
        """Draw a label at the best free place; crossing a border is allowed and disliked."""
        for best in sorted(places, key=self._dislike):
            if self.drawing.is_free(best.label.box(best.left, best.top), air=2):
                best.label.draw(self.drawing, best.left, best.top, name)
                return
        self.fits = False

    def _dislike(self, place: _Place) -> float:
        return place.cost + place.top / 10 + 40 * self._crossed(place)

    def _crossed(self, place: _Place) -> int:
        box = place.label.box(place.left, place.top)
        return sum(box.left < border < box.right for border in self.plan.borders.values())

    # --- what hangs on ----------------------------------------------------------------------------

    def _tags(self) -> None:
        for index, column in enumerate(self.plan.columns):
            x = self.plan.xs[index]
            if column.upper:
                self._tags_of(column.upper, x, ROW + 36)
            if column.lower:
                lines = len(NAME.balanced(column.lower.name, self.plan.text_limit, 2))
                self._tags_of(column.lower, x, self.lower + 44 + NAME.leading * lines)

    def _tags_of(self, station: Station, x: float, top: float) -> None:
        for position, item in enumerate(station.tags):
            width = tag_box(item, 0, 0).right
            left = min(max(x - width / 2, 6), TERMINAL_LEFT - width - 8)
            while (
                not self.drawing.is_free(tag_box(item, left, top), air=2) and top < self.lower + 150
            ):
                top += 4
            tag(self.drawing, item, left, top, f"tag {station.id} {position}")
            top += TAG_HEIGHT + 4

    def _call_out(self) -> None:
        if self.call is not None and self.anchor is not None:
            self.drawing.blocks = [b for b in self.drawing.blocks if b.name != LEAD]
            lowest = max(self.anchor.y + 300, self.lower + 110)
            borders = list(self.plan.borders.values())
            patience = self.lower - LOWER_ROW
            self.fits &= place(
                self.drawing, self.call, self.anchor, borders, lowest, NEAR + 4 * patience
            )

    def _bands(self) -> None:
        """Owner bands behind everything, as high as everything turned out to be."""
        bottom = max(block.box.bottom for block in self.drawing.blocks)
        drawing = self.drawing
        drawing.height = max(bottom + 22, self.lower + 90)
        front, drawing.shapes = drawing.shapes, []
        edges = [0.0, *self.plan.borders.values(), WIDTH]
        owners = [self.plan.columns[i].owner for i in self.plan.borders] + [self.end_owner]
        for index, owner in enumerate(owners):
            box = Box(edges[index], 0, edges[index + 1], drawing.height)
            drawing.rect(band_css(owner, index), box)
        for edge in edges[1:-1]:
            drawing.add("line", "border", x1=edge, x2=edge, y1=0.0, y2=drawing.height)
        for index, owner in enumerate(owners):
            heading(drawing, owner, edges[index] + 16, edges[index + 1] - edges[index] - 24, 24)
        drawing.shapes += front


def band_css(owner: Owner, index: int) -> str:
    """Our own part in the accent; the others alternate."""
    if owner.kind is OwnerKind.OWN:
        return "band-own"
    return "band-alt" if index % 2 else "band"


def heading(drawing: Drawing, owner: Owner, x: float, limit: float, y: float) -> float:
    """Whose band it is, and what they are to us; the baseline of the last line."""
    for style, text in ((OWNER, owner.name), (OWNER_ROLE, owner.role)):
        for line in style.wrap(text, limit, 2):
            drawing.words(x, y, line, style, name=f"owner {owner.id} {y:.0f} {x:.0f}")
            y += style.leading
    return y - OWNER_ROLE.leading
