"""The picture for a phone: 358 wide, read from top to bottom, every station shown.

The network runs down the left; where the legs part, the credential bends out to the right and runs
down there. Owner bands lie flat. Each thing is put below the one before it, so nothing can overlap.
"""

from apps.access.pictures.metrics import ALSO, KEY, NAME
from apps.access.pictures.parts import (
    TAG_HEIGHT,
    CallOut,
    disc,
    lead,
    link,
    post_css,
    posts_level,
    rails,
    tag,
    words_of,
)
from apps.access.pictures.route import Hop, Owner, Route, Station, Step
from apps.access.pictures.shapes import Box, Drawing, Label, label, number
from apps.access.pictures.terminals import draw_flat
from apps.access.pictures.wide import band_css, heading

WIDTH = 358.0
WIRE_X, CREDENTIAL_X = 34.0, 330.0
WORDS_X, WORDS_END = 74.0, 302.0
R = 18.0
FIRST_STATION = 74.0
TO_LABEL = 22.0
TO_STATION = 46.0
BAND_PAD = 16.0


def draw(route: Route) -> Drawing:
    """Lay a route out from top to bottom."""
    return _Tall(route.on_two_rows()).drawing


class _Tall:
    """The cursor ``y`` is the lowest thing drawn so far."""

    def __init__(self, route: Route) -> None:
        self.route, self.call = route, route.call
        self.drawing = Drawing(WIDTH)
        self.rails_below: list[tuple[str, Hop, bool]] = []
        self.bands: list[tuple[float, Owner]] = []
        self.parted: float | None = None
        self.y = 0.0
        self._run()

    def _run(self) -> None:
        route = self.route
        self._open_band(route.start.owner)
        at = self._station(route.start, None)
        steps = [(step, True) for step in route.shared] + [(step, False) for step in route.network]
        if not route.shared:
            self._part(at)
        last: tuple[Step, float] | None = None
        for index, (step, shared) in enumerate(steps):
            if step.station is None:
                last = (step, at)
                break
            at = self._hop_and_station(step, at, shared=shared)
            if shared and index == len(route.shared) - 1:
                self._part(at)
        self._end(last)
        self._finish()

    # --- bands ------------------------------------------------------------------------------------

    def _open_band(self, owner: Owner) -> None:
        top = self.y + BAND_PAD if self.bands else 0.0
        self.bands.append((top, owner))
        limit = (WORDS_END if self.parted is not None else WIDTH - 14) - WORDS_X
        self.y = heading(self.drawing, owner, WORDS_X, limit, top + 20) + 4

    # --- stations and hops ------------------------------------------------------------------------

    def _station(self, station: Station, hop: Hop | None) -> float:
        """Draw a station on the left below the cursor; its centre."""
        second_line = len(NAME.balanced(station.name, WORDS_END - WORDS_X - 6, 2)) > 1
        y = max(self.y + 35, self.bands[-1][0] + FIRST_STATION) + (10 if second_line else 0)
        role = "credential" if station.is_credential else ""
        disc(self.drawing, station, WIRE_X, y, R, "start" if hop is None else role)
        link(self.drawing, station, hop, WIRE_X, y, R)
        self.y = self._texts(station, WORDS_X, y, "start")
        return y

    def _texts(self, station: Station, x: float, y: float, anchor: str) -> float:
        limit = WORDS_END - WORDS_X - (0 if anchor == "end" else 6)
        lines = NAME.balanced(station.name, limit, 2)
        line_y = y - 4 - NAME.leading * (len(lines) - 1) + (0 if station.key else 8)
        for position, line in enumerate(lines):
            name = f"name {station.id} {position}"
            self.drawing.words(x, line_y, line, NAME, anchor=anchor, name=name)
            line_y += NAME.leading
        bottom = y + 12
        if station.key:
            key = KEY.shorten_middle(station.key, limit)
            self.drawing.words(x, bottom, key, KEY, anchor=anchor, name=f"key {station.id}")
        for position, item in enumerate(station.tags):
            width = ALSO.width(item.text) + 14
            left = x - width if anchor == "end" else x
            tag(self.drawing, item, left, bottom + 9, f"tag {station.id} {position}")
            bottom += TAG_HEIGHT + 5
        return max(bottom, y + R)

    def _hop_and_station(self, step: Step, at: float, *, shared: bool) -> float:
        assert step.station is not None  # noqa: S101 - the last hop is drawn by _end
        self._hop(step.hop)
        if step.station.owner.id != self.bands[-1][1].id:
            self._open_band(step.station.owner)
        following = self._station(step.station, step.hop)
        self._rail(step.hop, at, following, shared=shared)
        both = shared and self.route.has_network
        only_credential = not both and (shared or not self.route.has_network)
        self.drawing.chevron(
            WIRE_X + (0.5 if both else 0),
            following - R - 6,
            "chevron-credential" if only_credential else "chevron",
            down=True,
            wide=both,
        )
        return following

    def _rail(self, hop: Hop, start: float, end: float, *, shared: bool) -> None:
        both = shared and self.route.has_network
        if both:
            self._defer(WIRE_X - 4, start, end, hop, credential=False)
            self._defer(WIRE_X + 5, start, end, hop, credential=True)
        else:
            credential = shared or not self.route.has_network
            self._defer(WIRE_X, start, end, hop, credential=credential)
        box = Box(WIRE_X - 9, start + R, WIRE_X + 9, end - R)
        self.drawing.take(f"rail {start:.0f}", box, is_rail=True)

    def _defer(self, x: float, start: float, end: float, hop: Hop, *, credential: bool) -> None:
        path = f"M{number(x)} {number(start)}V{number(end)}"
        self.rails_below.append((path, hop, credential))

    def _hop(self, hop: Hop) -> None:
        """The words of a hop on the left, its posts and its call-out below them."""
        end = WORDS_END if self.parted is not None else WIDTH - 14
        block = label(hop.number, words_of(hop), end - WORDS_X)
        top = self.y + TO_LABEL
        block.draw(self.drawing, WORDS_X, top, f"hop {hop.number}")
        self.y = top + block.height
        css = post_css(self.call, hop)
        called = bool(self.call and hop.number and self.call.hop == hop.number)
        if css and not called:
            posts_level(self.drawing, css, WIRE_X, top + 7, f"posts {hop.number}")
        if called:
            top = self.y + 10
            posts_level(self.drawing, css, WIRE_X, top + 16, "posts called")
            self._call_out(top, WORDS_X, end, WIRE_X + 27)

    def _call_out(self, top: float, left: float, end: float, lead_from: float) -> None:
        assert self.call is not None  # noqa: S101 - asked for only where there is one
        call_out = CallOut(self.call, end - left)
        path = f"M{number(lead_from)} {number(top + 16)}H{number(left)}"
        lead(self.drawing, path, possible=self.call.possible)
        call_out.draw(self.drawing, left, top)
        self.y = top + call_out.height

    # --- the credential's own way -----------------------------------------------------------------

    def _part(self, at: float) -> None:
        """Let the credential leave the station at ``at`` for the right edge."""
        if not self.route.credential:
            return
        text_end = self._end_of_texts_at(at)
        x = CREDENTIAL_X
        first = self.route.credential[0].hop
        begin = f"M{number(WIRE_X)} {number(at)}H{number(WORDS_X - 5)}"
        self.rails_below.append((begin, first, True))
        rest = f"M{number(text_end + 6)} {number(at)}H{number(x - 12)}a12 12 0 0 1 12 12"
        self.parted = at + 12
        for index, step in enumerate(self.route.credential):
            if step.station is None:
                if index == 0:
                    self.rails_below.append((rest, step.hop, True))
                return
            self._credential_hop(step)
            y = self._credential_station(step.station, step.hop)
            if index == 0:
                self.rails_below.append((f"{rest}V{number(y)}", step.hop, True))
            else:
                self._defer(x, self.parted, y, step.hop, credential=True)
            box = Box(x - 4, self.parted + 6, x + 4, y - R)
            self.drawing.take(f"credential rail {index}", box, is_rail=True)
            self.drawing.chevron(x, y - R - 6, "chevron-credential", down=True)
            self.parted = y

    def _end_of_texts_at(self, at: float) -> float:
        """Where the words beside a station end: the rail is interrupted for them."""
        return max(
            (
                b.box.right
                for b in self.drawing.blocks
                if b.box.top < at + 6 and b.box.bottom > at - 6
            ),
            default=WORDS_X,
        )

    def _credential_hop(self, step: Step) -> None:
        block = label(step.hop.number, words_of(step.hop), WORDS_END - WORDS_X)
        top = self.y + TO_LABEL
        block.draw(self.drawing, CREDENTIAL_X - 18 - block.width, top, f"hop {step.hop.number}")
        self.y = top + block.height
        self._posts_right(step.hop)

    def _posts_right(self, hop: Hop) -> None:
        """The posts on the credential's way, with the call-out if it is about them."""
        css = post_css(self.call, hop)
        if css and self.call and self.call.hop == hop.number:
            top = self.y + 10
            posts_level(self.drawing, css, CREDENTIAL_X, top + 16, "posts called")
            self._call_right(top)

    def _call_right(self, top: float) -> None:
        assert self.call is not None  # noqa: S101 - asked for only where there is one
        end = CREDENTIAL_X - 27 - 12
        call_out = CallOut(self.call, end - WORDS_X + 16)
        path = f"M{number(CREDENTIAL_X - 27)} {number(top + 16)}H{number(end)}"
        lead(self.drawing, path, possible=self.call.possible)
        call_out.draw(self.drawing, WORDS_X - 16, top)
        self.y = top + call_out.height

    def _credential_station(self, station: Station, hop: Hop) -> float:
        y = self.y + TO_STATION - 4
        disc(
            self.drawing, station, CREDENTIAL_X, y, R, "credential" if station.is_credential else ""
        )
        link(self.drawing, station, hop, CREDENTIAL_X, y, R)
        self.y = self._texts(station, WORDS_END, y, "end")
        return y

    # --- the end ----------------------------------------------------------------------------------

    def _end(self, last: tuple[Step, float] | None) -> None:
        """The last hop of each leg, and the terminal they lead to."""
        terminal = self.route.terminal
        credential = self.route.credential[-1] if self.route.credential else None
        into = credential if credential and credential.station is None else None
        if last:
            self._hop(last[0].hop)
        if into:
            self._last_credential_words(into, after=last is not None)
        if terminal is None:
            return
        if terminal.owner.id != self.bands[-1][1].id:
            self._open_band(terminal.owner)
        top = self.y + 30
        if last:
            self._rail(last[0].hop, last[1], top, shared=False)
            self.drawing.chevron(WIRE_X, top - 13, "chevron", down=True)
        if into and self.parted is not None:
            self._defer(CREDENTIAL_X, self.parted, top, into.hop, credential=True)
            box = Box(CREDENTIAL_X - 4, self.parted + R, CREDENTIAL_X + 4, top - R)
            self.drawing.take("credential rail last", box, is_rail=True)
            self.drawing.chevron(CREDENTIAL_X, top - 13, "chevron-credential", down=True)
        box = draw_flat(self.drawing, terminal, top, WIRE_X, CREDENTIAL_X)
        self.y = box.bottom

    def _last_credential_words(self, step: Step, *, after: bool) -> None:
        block = label(step.hop.number, words_of(step.hop), WORDS_END - WORDS_X)
        left = CREDENTIAL_X - 18 - block.width
        top = self.y - block.height if after else self.y + TO_LABEL
        if not self._is_free(block, left, top):
            top = self.y + 10
        block.draw(self.drawing, left, top, f"hop {step.hop.number}")
        self.y = max(self.y, top + block.height)
        self._posts_right(step.hop)

    def _is_free(self, block: Label, left: float, top: float) -> bool:
        return self.drawing.is_free(block.box(left, top), air=4)

    def _finish(self) -> None:
        """Bands and rails go behind everything else."""
        drawing = self.drawing
        drawing.height = self.y + 18
        front, drawing.shapes = drawing.shapes, []
        tops = [top for top, _ in self.bands] + [drawing.height]
        for index, (top, owner) in enumerate(self.bands):
            drawing.rect(band_css(owner, index), Box(0, top, WIDTH, tops[index + 1]))
            if index:
                drawing.add("line", "border", x1=0.0, x2=WIDTH, y1=top, y2=top)
        for path, hop, credential in self.rails_below:
            rails(drawing, path, hop, credential=credential)
        drawing.shapes += front
