"""The terminal: the deployment as a panel with two sockets, upright and flat."""

from apps.access.pictures.metrics import KEY, OUTCOME, SOCKET, TERMINAL_NAME, TERMINAL_ROLE, TIER
from apps.access.pictures.route import Terminal
from apps.access.pictures.shapes import Box, Drawing

UPRIGHT_WIDTH = 172.0
FLAT = Box(14, 0, 344, 0)


def draw_upright(
    drawing: Drawing, terminal: Terminal, left: float, row: float, lower: float
) -> Box:
    """The panel of the wide picture: sockets on its left edge, at both rows."""
    box = Box(left, row - 66, left + UPRIGHT_WIDTH, lower + 62)
    drawing.rect("terminal", box, 8)
    drawing.take("terminal", box)
    drawing.icon("cpu", "kind", left + 30, row - 36, 24)
    if terminal.tier:
        tier = Box(box.right - 42, row - 46, box.right - 14, row - 27)
        drawing.rect("tier-box", tier, 4)
        drawing.words(box.right - 28, row - 32.5, terminal.tier, TIER, anchor="middle")
    _socket(drawing, terminal.network, "socket-network", left, row)
    if terminal.network is not None:
        drawing.words(left + 18, row + 4, terminal.network_word, SOCKET)
    _socket(drawing, terminal.credential, "socket-credential", left, lower)
    if terminal.credential is not None:
        drawing.words(left + 18, lower + 4, "Credential", SOCKET)
    room = UPRIGHT_WIDTH - 32
    y = row + 34
    for line in TERMINAL_NAME.wrap(terminal.model, room, 2):
        drawing.words(left + 18, y, line, TERMINAL_NAME)
        y += TERMINAL_NAME.leading
    for text, style in (
        (terminal.role, TERMINAL_ROLE),
        (terminal.key, KEY),
        (f"in {terminal.host}" if terminal.host else "", KEY),
    ):
        if text:
            short = style.shorten_middle if style.mono else style.shorten
            drawing.words(left + 18, y - 1, short(text, room), style)
            y += style.leading
    _outcome(drawing, terminal, Box(left + 12, lower + 20, box.right - 12, lower + 48))
    return box


def draw_flat(
    drawing: Drawing, terminal: Terminal, top: float, wire: float, credential: float
) -> Box:
    """The panel of the tall picture: sockets on its upper edge."""
    names = TERMINAL_NAME.wrap(_named(terminal), FLAT.right - 66 - 24, 2)
    bottom = top + 129 + TERMINAL_NAME.leading * len(names)
    box = Box(FLAT.left, top, FLAT.right, bottom)
    drawing.rect("terminal", box, 8)
    drawing.take("terminal", box)
    _socket(drawing, terminal.network, "socket-network", wire, top)
    if terminal.network is not None:
        drawing.words(28, top + 24, terminal.network_word, SOCKET)
    _socket(drawing, terminal.credential, "socket-credential", credential, top)
    if terminal.credential is not None:
        drawing.words(credential, top + 24, "Credential", SOCKET, anchor="end")
    drawing.icon("cpu", "kind", 44, top + 62, 24)
    y = top + 58
    for line in names:
        drawing.words(66, y, line, TERMINAL_NAME)
        y += TERMINAL_NAME.leading
    room = FLAT.right - 66 - 16
    drawing.words(66, y - 1, TERMINAL_ROLE.shorten(terminal.role, room), TERMINAL_ROLE)
    place = " · ".join(filter(None, (terminal.key, f"in {terminal.host}" if terminal.host else "")))
    if place:
        drawing.words(66, y + 15, KEY.shorten_middle(place, room), KEY)
    _outcome(drawing, terminal, Box(28, bottom - 42, 330, bottom - 14))
    return box


def _named(terminal: Terminal) -> str:
    return f"{terminal.model} · {terminal.tier}" if terminal.tier else terminal.model


def _socket(drawing: Drawing, state: bool | None, css: str, x: float, y: float) -> None:
    if state is not None:
        drawing.add("circle", css if state else "socket-empty", cx=x, cy=y, r=6.0)


def _outcome(drawing: Drawing, terminal: Terminal, box: Box) -> None:
    if not terminal.outcome:
        return
    verdict = f"is-{terminal.verdict}" if terminal.verdict else ""
    drawing.rect(f"outcome {verdict}".strip(), box, 5)
    middle = (box.left + box.right) / 2
    text = OUTCOME.shorten(terminal.outcome, box.right - box.left - 8)
    drawing.words(middle, box.top + 18, text, OUTCOME, anchor="middle", css=verdict)
