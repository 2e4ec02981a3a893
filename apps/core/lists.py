"""What every list page does: columns that sort, pages, a file of what is shown.

A list keeps its filters, order and page in its address, so that it can be shared and gone back to.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.db.models import F, Model, QuerySet
from django.http import QueryDict, StreamingHttpResponse
from django.utils import timezone

M = TypeVar("M", bound=Model)

PER_PAGE = 50
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Column:
    """A column head. ``order`` are the fields it sorts by; without any it does not sort.

    ``name`` stands in the address; ``css`` is put on the head cell.
    """

    name: str
    label: str
    order: tuple[str, ...] = ()
    css: str = ""


@dataclass(frozen=True)
class Head:
    """A column as the table shows it: ``link`` is the value of ``sort`` that a click asks for."""

    column: Column
    link: str
    direction: str  # "ascending", "descending", or "" when it is not sorted by this


def sorted_rows(
    rows: QuerySet[M], columns: Sequence[Column], asked: QueryDict, *, default: str
) -> tuple[QuerySet[M], list[Head]]:
    """The rows in the order that ``sort`` asks for ("name", or "-name" for descending).

    Nothing stated sorts last either way. What it does not know sorts by ``default``.
    """
    known = {column.name: column for column in columns if column.order}
    wanted = asked.get("sort", default)
    if wanted.removeprefix("-") not in known:
        wanted = default
    descending = wanted.startswith("-")
    chosen = known[wanted.removeprefix("-")]
    order = [
        F(field).desc(nulls_last=True) if descending else F(field).asc(nulls_last=True)
        for field in chosen.order
    ]
    return rows.order_by(*order, "pk"), [_head(column, chosen, descending) for column in columns]


def _head(column: Column, chosen: Column, descending: bool) -> Head:
    if not column.order:
        return Head(column, "", "")
    if column != chosen:
        return Head(column, column.name, "")
    if descending:
        return Head(column, column.name, "descending")
    return Head(column, f"-{column.name}", "ascending")


def paged(rows: QuerySet[M], asked: QueryDict, per_page: int = PER_PAGE) -> "Page[M]":
    """The page that ``page`` asks for; the nearest one for a number that there is not."""
    return Paginator(rows, per_page).get_page(asked.get("page", 1))


class _Echo:
    def write(self, text: str) -> str:
        return text


def csv_file(
    name: str, head: Sequence[str], rows: Iterable[Sequence[Any]]
) -> StreamingHttpResponse:
    """A CSV file, streamed, called ``name`` and today's date. Times are in UTC.

    What a spreadsheet would take for a formula gets an apostrophe in front.
    """

    def lines() -> Iterator[str]:
        writer = csv.writer(_Echo())  # gives back what the file would hold
        yield "\ufeff"  # so that a spreadsheet reads it as UTF-8
        yield writer.writerow(head)
        for row in rows:
            yield writer.writerow([_cell(value) for value in row])

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    file = f"{name}-{timezone.localdate():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{file}"'
    return response


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
