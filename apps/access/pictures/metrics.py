"""How wide a text will be, from the real advance widths of our fonts, and how to make it fit.

The table is written by ``scripts/vendor-assets renew``. Letters it does not hold count as wide, and
kerning is left out: an estimate that is too wide leaves air, one that is too narrow overlaps.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_WIDTHS: dict[str, dict[str, int]] = json.loads(
    (Path(__file__).parent / "font_widths.json").read_text(encoding="utf-8")
)
_UNKNOWN_WIDTH = 1000
_MONO_WIDTH = 600
ELLIPSIS = "…"


@dataclass(frozen=True)
class Style:
    """How a text is set: the class it carries, its size and leading, its font."""

    css: str
    size: float
    leading: float
    bold: bool = False
    mono: bool = False

    def width(self, text: str) -> float:
        """The width of ``text`` in units of the picture."""
        if self.mono:
            return len(text) * _MONO_WIDTH * self.size / 1000
        table = _WIDTHS["bold" if self.bold else "regular"]
        return sum(table.get(letter, _UNKNOWN_WIDTH) for letter in text) * self.size / 1000

    def widest(self, lines: Iterable[str]) -> float:
        return max(map(self.width, lines), default=0.0)

    def shorten(self, text: str, limit: float) -> str:
        """``text``, cut with an ellipsis where it is wider than ``limit``."""
        if self.width(text) <= limit:
            return text
        while text and self.width(text.rstrip() + ELLIPSIS) > limit:
            text = text[:-1]
        return text.rstrip() + ELLIPSIS

    def shorten_middle(self, text: str, limit: float) -> str:
        """``text``, cut in its middle: keys differ at both ends."""
        if self.width(text) <= limit:
            return text
        keep = len(text) - 1
        while keep > 2 and self.width(_without_middle(text, keep)) > limit:
            keep -= 1
        return _without_middle(text, keep)

    def wrap(self, text: str, limit: float, lines: int) -> tuple[str, ...]:
        """``text`` in at most ``lines`` lines no wider than ``limit``; what is left over is cut."""
        done: list[str] = []
        words = text.split()
        while words and len(done) < lines - 1:
            line = words.pop(0)
            while words and self.width(f"{line} {words[0]}") <= limit:
                line = f"{line} {words.pop(0)}"
            done.append(self.shorten(line, limit))
        if words:
            done.append(self.shorten(" ".join(words), limit))
        return tuple(done)

    def balanced(self, text: str, limit: float, lines: int) -> tuple[str, ...]:
        """``text`` wrapped like ``wrap``, into lines of about the same width."""
        best = self.wrap(text, limit, lines)
        while len(best) > 1:
            narrower = self.wrap(text, self.widest(best) - 0.5, lines)
            if len(narrower) > len(best) or " ".join(narrower) != " ".join(best):
                break
            if self.widest(narrower) >= self.widest(best):
                break
            best = narrower
        return best


def _without_middle(text: str, keep: int) -> str:
    head = (keep + 1) // 2
    return text[:head] + ELLIPSIS + text[len(text) - (keep - head) :]


OWNER = Style("owner", 12, 15, bold=True)
OWNER_ROLE = Style("owner-role", 11, 14)
NAME = Style("name", 12.5, 15, bold=True)
KEY = Style("key", 10.5, 15, mono=True)
WORD = Style("word", 11, 14)
NUMBER = Style("number", 10, 12, bold=True)
CALL_HEAD = Style("call-head", 11, 19, bold=True)
CALL_NAME = Style("call-name", 13, 17, bold=True)
CALL_TEXT = Style("call-text", 12, 16)
TERMINAL_NAME = Style("terminal-name", 16, 19, bold=True)
TERMINAL_ROLE = Style("terminal-role", 12, 16)
SOCKET = Style("socket-word", 11, 14, bold=True)
OUTCOME = Style("outcome-word", 11.5, 14, bold=True)
TIER = Style("tier-word", 11, 14, bold=True)
ALSO = Style("also-word", 10.5, 14)
CONTROL = Style("control", 10.5, 14, bold=True)
