"""What apps further up know about vendors: columns and filters of the list, tabs, the summary.

This app may not import those that know the access graph and the findings. Each registers its
figures when Django starts; the pages of vendors ask them here. Whatever is asked about several
vendors is answered in a fixed number of queries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import QuerySet

from apps.accounts.models import User
from apps.core.lists import Column
from apps.vendors.models import Vendor


@dataclass(frozen=True)
class Filter:
    """A choice that narrows the list; ``name`` stands in the address."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Cell:
    """One value: ``template`` shows ``value`` on a page, ``plain`` stands in a file."""

    template: str
    value: Any
    plain: str


@dataclass(frozen=True)
class Tab:
    """A page about one vendor. ``place`` says where it stands among the others."""

    name: str
    label: str
    url: str
    place: int
    count: int | None = None


@dataclass(frozen=True)
class Part:
    """A part of the summary: ``template`` shows ``value``. The first one says the sentence."""

    template: str
    value: Any
    place: int


class Figures(Protocol):
    """What an app knows about vendors."""

    place: int  # where its columns and filters stand among those of other apps
    columns: Sequence[Column]
    filters: Sequence[Filter]

    def shows_to(self, user: User) -> bool:
        """Whether ``user`` may see any of it."""

    def ranked(self, user: User, vendors: QuerySet[Vendor], column: str) -> QuerySet[Vendor]:
        """The vendors with what the column sorts by."""

    def narrowed(
        self, user: User, vendors: QuerySet[Vendor], name: str, value: str
    ) -> QuerySet[Vendor]:
        """The vendors that a filter keeps."""

    def cells(self, user: User, vendors: Sequence[Vendor]) -> dict[int, dict[str, Cell]]:
        """For each vendor, by its number, a cell for each column by name."""

    def tabs(self, user: User, vendor: Vendor) -> list[Tab]:
        """The pages about the vendor that the app has."""

    def parts(self, user: User, vendor: Vendor) -> list[Part]:
        """What it adds to the summary of the vendor."""


_FIGURES: list[Figures] = []


def register(figures: Figures) -> None:
    """Let an app contribute its figures. Called from its ``ready``."""
    _FIGURES.append(figures)
    _FIGURES.sort(key=lambda one: one.place)


def figures_for(user: User) -> list[Figures]:
    """The figures that ``user`` may see."""
    return [figures for figures in _FIGURES if figures.shows_to(user)]


def cells_of(
    user: User, shown: Sequence[Figures], vendors: Sequence[Vendor]
) -> dict[int, dict[str, Cell]]:
    """All cells of each vendor."""
    found: dict[int, dict[str, Cell]] = {vendor.pk: {} for vendor in vendors}
    for figures in shown:
        for number, cells in figures.cells(user, vendors).items():
            found[number] |= cells
    return found
