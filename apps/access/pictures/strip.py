"""The picture in one row of a list: 30 high, stations 46 apart, the missing control at the end."""

from dataclasses import replace

from apps.access.pictures.metrics import CONTROL
from apps.access.pictures.parts import disc, rails
from apps.access.pictures.route import Call, OwnerKind, Route, Station, Step
from apps.access.pictures.shapes import Box, Drawing, number

HEIGHT, MIDDLE = 30.0, 15.0
R, FIRST, PITCH = 11.0, 12.0, 46.0
MOST_STATIONS = 7
ICON = 13.0


def draw(route: Route) -> Drawing:
    """One leg in a row: the network's where there is one, else the credential's."""
    credential = not route.has_network
    steps = _shortened(route.shared + (route.credential if credential else route.network))
    drawing = Drawing(0, HEIGHT)
    stops = _stops(route, steps)
    places = [FIRST + PITCH * index for index in range(len(stops))]
    _ours(drawing, route, stops, places)
    for index, step in enumerate(steps[: len(stops) - 1]):
        path = f"M{number(places[index])} {number(MIDDLE)}H{number(places[index + 1])}"
        rails(drawing, path, step.hop, credential=credential)
    for index, (station, x) in enumerate(zip(stops, places, strict=True)):
        if station:
            role = "credential" if station.is_credential else ""
            disc(drawing, station, x, MIDDLE, R, role if index else "start", icon=ICON)
        else:
            drawing.add("circle", "station", cx=x, cy=MIDDLE, r=R)
            drawing.icon("cpu", "kind", x, MIDDLE, ICON)
    end = places[-1] + R
    if route.call:
        _posts(drawing, route.call, steps, places)
        end = _control(drawing, route.call, end)
    drawing.width = end + 1
    return drawing


def _shortened(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """At most seven stations: what is in the middle becomes one."""
    if len(steps) < MOST_STATIONS:
        return steps
    middle = steps[2:-3]
    first = middle[0].station
    if first is None:
        return steps
    folded = replace(first, icon="dots", unknown=False, is_credential=False)
    return (*steps[:2], Step(middle[0].hop, folded), *steps[-3:])


def _stops(route: Route, steps: tuple[Step, ...]) -> list[Station | None]:
    """The stations of the row; none is the terminal."""
    stops: list[Station | None] = [route.start, *(step.station for step in steps)]
    return stops


def _ours(drawing: Drawing, route: Route, stops: list[Station | None], places: list[float]) -> None:
    """Our own part of the row, on the accent."""
    end_owner = route.terminal.owner.kind if route.terminal else None
    ours = [
        x
        for stop, x in zip(stops, places, strict=True)
        if (stop.owner.kind if stop else end_owner) is OwnerKind.OWN
    ]
    for start, end in _runs(ours):
        left = start - 20 if start > FIRST else start - R - 1
        drawing.rect("ours", Box(left, 0, end + 16, HEIGHT), 4)


def _runs(places: list[float]) -> list[tuple[float, float]]:
    runs: list[tuple[float, float]] = []
    for x in places:
        if runs and x - runs[-1][1] <= PITCH:
            runs[-1] = (runs[-1][0], x)
        else:
            runs.append((x, x))
    return runs


def _posts(drawing: Drawing, call: Call, steps: tuple[Step, ...], places: list[float]) -> None:
    at = next((i for i, step in enumerate(steps) if step.hop.number == call.hop), None)
    if at is None or at + 1 >= len(places):
        return
    css = "vr-post-unknown" if call.possible else "vr-post-missing"
    x = (places[at] + places[at + 1]) / 2
    drawing.rect(css, Box(x - 1.5, 0.75, x + 1.5, 9.75), 1)
    drawing.rect(css, Box(x - 1.5, 20.25, x + 1.5, 29.25), 1)


def _control(drawing: Drawing, call: Call, end: float) -> float:
    if not call.short:
        return end
    text = CONTROL.shorten(call.short, 230)
    drawing.words(end + 12, MIDDLE + 3.7, text, CONTROL, css="question" if call.possible else "")
    return end + 12 + CONTROL.width(text)
