"""What is wrong with an interchange document: one fault for each wrong thing, as a sentence."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

SHOWN_CHARACTERS = 200
MOST_FAULTS = 1_000_000


class Reason(StrEnum):
    """The eight reasons for which a document is refused."""

    UNKNOWN_REFERENCE = "unknown_reference"
    BAD_VALUE = "bad_value"
    DUPLICATE = "duplicate"
    WRONG_TYPE = "wrong_type"
    UNKNOWN_FIELD = "unknown_field"
    MISSING_FIELD = "missing_field"
    CYCLE = "cycle"
    END_BEFORE_START = "end_before_start"


@dataclass(frozen=True, slots=True)
class Fault:
    """One wrong thing: of a row (``list`` and ``index``, from 0), or of the document (both none).

    ``key`` is none where the row has none: relations, and rows without a readable key. ``message``
    says what is wrong, where, and what to do about it.
    """

    list: str | None
    index: int | None
    key: str | None
    field: str | None
    reason: Reason
    message: str

    def as_json(self) -> dict[str, str | int | None]:
        """The fault as a JSON object, the same wherever it is shown."""
        return {
            "list": self.list,
            "index": self.index,
            "key": self.key,
            "field": self.field,
            "reason": str(self.reason),
            "message": self.message,
        }

    def as_line(self) -> str:
        """The fault on one line: ``list[index] key field: reason: sentence``."""
        row = None if self.list is None else self.list
        if row is not None and self.index is not None:
            row = f"{row}[{self.index}]"
        where = " ".join(part for part in (row or "document", self.key, self.field) if part)
        return f"{where}: {self.reason}: {self.message}"


class DocumentError(Exception):
    """The document is refused; ``faults`` says why, in the order of the document's lists."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(fault.as_line() for fault in self.faults[:20]))


class TooManyFaultsError(Exception):
    """There are more faults than anybody reads; the list of them has been closed."""


class Faults:
    """Collects faults, and gives up when there are a million: that is not a document, but noise."""

    def __init__(self, most: int = MOST_FAULTS) -> None:
        self.most = most
        self.items: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Keep the fault; raises ``TooManyFaultsError`` after the last that is kept."""
        if len(self.items) >= self.most:
            self.items.append(
                of_document(
                    Reason.BAD_VALUE,
                    f"The document has more than {self.most:,} faults; the rest are not listed. "
                    "Correct what writes the document, then try again.",
                )
            )
            raise TooManyFaultsError
        self.items.append(fault)


def of_document(
    reason: Reason, message: str, *, list: str | None = None, field: str | None = None
) -> Fault:
    """A fault that lies with the document as a whole, or with a whole list of it."""
    return Fault(list, None, None, field, reason, message)


def shown(text: str, most: int = SHOWN_CHARACTERS) -> str:
    """``text`` as it can be printed on one line: cut when long, what is invisible escaped."""
    cut = text[:most]
    if not cut.isprintable():
        cut = "".join(
            each if each.isprintable() else each.encode("unicode_escape").decode() for each in cut
        )
    return cut if len(text) <= most else f"{cut}…"


def quoted(text: str) -> str:
    """``text`` in quotation marks, short enough for a sentence."""
    return f"“{shown(text, 60)}”"
