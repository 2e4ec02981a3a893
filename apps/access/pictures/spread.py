"""Where the columns and the borders between owners stand in the wide picture."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.access.pictures.fold import Column
from apps.access.pictures.metrics import KEY, NAME
from apps.access.pictures.parts import tag_box, words_of
from apps.access.pictures.route import Call, Gate, Hop, Owner, Route, Station, Step
from apps.access.pictures.shapes import STATION_RADIUS, label

TERMINAL_LEFT = 972.0
TEXT_LIMIT, WIDE_TEXT_LIMIT = 120.0, 168.0
FEW_COLUMNS = 3
FIRST_COLUMN = 72.0
LEAST_GAP = 130.0
LAST_GAP = 110.0
CALLED_LAST_GAP = 205.0  # a narrow call-out stands between the way down and the terminal
BESIDE_STATION = STATION_RADIUS + 3
ROOM_FOR_POSTS = 24.0
ROOM_FOR_CHEVRON = 30.0
LABEL_LIMIT = 150.0


@dataclass
class Line:
    """A stretch of the upper row, from a station to the next one or into the terminal."""

    step: Step
    start: int
    end: int | None
    shared: bool

    @property
    def hop(self) -> Hop:
        return self.step.hop


@dataclass
class Plan:
    """The columns with their places, and the upper row's stretches between them."""

    columns: list[Column]
    lines: list[Line]
    xs: list[float]
    borders: dict[int, float]
    text_limit: float

    def x(self, column: int | None) -> float:
        return TERMINAL_LEFT if column is None else self.xs[column]

    def border_on(self, line: Line) -> float | None:
        """The last border that a stretch crosses: where the next owner begins."""
        last = len(self.columns) - 1 if line.end is None else line.end - 1
        return next(
            (self.borders[i] for i in range(last, line.start - 1, -1) if i in self.borders), None
        )


def plan(route: Route, columns: Sequence[Column], terminal: Owner) -> Plan:
    """Spread the columns: room for every text, then the rest evenly."""
    limit = WIDE_TEXT_LIMIT if len(columns) <= FEW_COLUMNS else TEXT_LIMIT
    found = Plan(list(columns), _lines(route, columns), [], {}, limit)
    needs = [_need(found, index, route.call) for index in range(len(columns))]
    first = max(FIRST_COLUMN, half_width(columns[0], limit) + 14)
    spare = TERMINAL_LEFT - first - sum(least for least, _ in needs)
    if spare < 0:
        squeeze = (TERMINAL_LEFT - first) / sum(least for least, _ in needs)
        needs = [(least * squeeze, 0.0) for least, _ in needs]
        spare = 0.0
    wanted = sum(extra for _, extra in needs)
    part = min(1.0, spare / wanted) if wanted else 0.0
    even = max(spare - wanted, 0.0) / len(needs)
    x = first
    for least, extra in needs:
        found.xs.append(x)
        x += least + extra * part + even
    _set_borders(found, terminal)
    return found


def half_width(column: Column, limit: float) -> float:
    """Half the room that the texts of a column's stations take."""
    stations = (column.upper, column.lower)
    return max(
        STATION_RADIUS, *(text_width(station, limit) / 2 for station in stations if station), 0
    )


def text_width(station: Station, limit: float) -> float:
    key = KEY.shorten_middle(station.key, limit)
    tags = max((tag_box(tag, 0, 0).right for tag in station.tags), default=0.0)
    return max(NAME.widest(NAME.balanced(station.name, limit, 2)), KEY.width(key), tags)


def has_posts(hop: Hop, call: Call | None) -> bool:
    return hop.gate is not Gate.NONE or bool(call and hop.number and call.hop == hop.number)


def _lines(route: Route, columns: Sequence[Column]) -> list[Line]:
    places = {c.upper.id: i for i, c in enumerate(columns) if c.upper}
    lines, start = [], 0
    for index, step in enumerate((*route.shared, *route.network)):
        end = places[step.station.id] if step.station else None
        lines.append(Line(step, start, end, shared=index < len(route.shared)))
        start = end if end is not None else start
    return lines


def _need(found: Plan, index: int, call: Call | None) -> tuple[float, float]:
    """The least gap after a column, and how much more its hop's words would like."""
    is_last = index == len(found.columns) - 1
    line = next((li for li in found.lines if li.start == index), None)
    ends_next = line is not None and line.end == (None if is_last else index + 1)
    here = half_width(found.columns[index], found.text_limit)
    if is_last:
        least = max(LAST_GAP, here + 20)
        if line is not None and call and call.hop == line.hop.number:
            least = max(least, CALLED_LAST_GAP)
    else:
        least = max(LEAST_GAP, here + half_width(found.columns[index + 1], found.text_limit) + 12)
    if line is None or not ends_next:
        return least, 0.0
    wish = BESIDE_STATION + _label_width(line.hop) + ROOM_FOR_CHEVRON + STATION_RADIUS
    if has_posts(line.hop, call):
        wish += ROOM_FOR_POSTS
    if not is_last and found.columns[index].owner.id != found.columns[index + 1].owner.id:
        # The words stand before the border, the next station's name behind it.
        name = half_width(found.columns[index + 1], found.text_limit)
        wish = max(wish, BESIDE_STATION + _label_width(line.hop) + 8 + name + 8)
    return least, max(wish - least, 0.0)


def _label_width(hop: Hop) -> float:
    return label(hop.number, words_of(hop), LABEL_LIMIT).width


def _set_borders(found: Plan, terminal: Owner) -> None:
    columns = found.columns
    for index, column in enumerate(columns):
        following = columns[index + 1].owner if index + 1 < len(columns) else terminal
        if following.id == column.owner.id:
            continue
        is_last = index + 1 == len(columns)
        low = found.xs[index] + half_width(column, found.text_limit) + 8
        high = TERMINAL_LEFT - 20
        if not is_last:
            high = found.xs[index + 1] - half_width(columns[index + 1], found.text_limit) - 8
        found.borders[index] = _border(found, index, low, high)


def _border(found: Plan, index: int, low: float, high: float) -> float:
    if low >= high:
        return (low + high) / 2
    middle = (found.xs[index] + found.x(index + 1 if index + 1 < len(found.xs) else None)) / 2
    line = next((li for li in found.lines if li.start == index), None)
    if line is not None:
        middle = max(middle, found.xs[index] + BESIDE_STATION + _label_width(line.hop) + 7)
    return min(max(middle, low), high)
