"""Finding keyed facts by typing: words of the name and parts of the key, each from its beginning.

One expression serves the index and the question, or PostgreSQL would not use the index.
"""

import re
from typing import Any, TypeVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Func, Q, QuerySet, TextField

from apps.core.models import Keyed

K = TypeVar("K", bound=Keyed)

_PARTS = re.compile(r"\w+")
_MOST_WORDS = 8


class KeyParts(Func):
    """The key with its separators as spaces, so that each of its parts is a word."""

    function = "TRANSLATE"
    template = "%(function)s(%(expressions)s, '._@/+-', '      ')"
    output_field = TextField()


def _words() -> SearchVector:
    return SearchVector("name", KeyParts("key"), config="simple")


def words_index(name: str) -> GinIndex:
    """The index that ``matching`` uses; one in the Meta of every model that is searched."""
    return GinIndex(_words(), name=name)


def words_query(typed: str) -> SearchQuery | None:
    """Every typed word, each as the beginning of one; none when nothing typed is a word."""
    words = _PARTS.findall(typed.lower().replace("\0", "").replace("_", " "))[:_MOST_WORDS]
    if not words:
        return None
    return SearchQuery(
        " & ".join(f"{word}:*" for word in words), config="simple", search_type="raw"
    )


def matching(rows: QuerySet[K], typed: str) -> QuerySet[K]:
    """The rows whose name or key holds every typed word, each from the beginning of a word.

    A whole key, or its beginning, is found as well. Nothing typed keeps all rows.
    """
    typed = typed.strip().replace("\0", "")
    if not typed:
        return rows
    by_key = Q(key__startswith=typed)
    query = words_query(typed)
    if query is None:
        return rows.filter(by_key)
    # Typed as any: the checker takes a queryset with an alias for one of another kind of row.
    named: Any = rows.alias(words=_words())
    found: QuerySet[K] = named.filter(Q(words=query) | by_key)
    return found


def exactly(rows: QuerySet[K], typed: str, most: int = 6) -> list[K]:
    """The rows that ``typed`` names: by "Name (key)", by key, or else by the whole name."""
    typed = typed.strip().replace("\0", "")
    inside = re.fullmatch(r".*\(([^()\s]+)\)", typed, re.DOTALL)
    keys = [typed, *inside.groups()] if inside else [typed]
    by_key = list(rows.filter(key__in=keys)[:most])
    return by_key or list(rows.filter(name__iexact=typed)[:most])


def named(rows: QuerySet[K], typed: str) -> tuple[str, str]:
    """The key of the one row that ``typed`` names, and how its field shows it.

    What names none, or several, is given back as it is: no row is filed under it.
    """
    found = exactly(rows, typed) if typed else []
    return (found[0].key, shown(found[0])) if len(found) == 1 else (typed, typed)


def shown(row: Keyed) -> str:
    """How a chosen fact stands in a text field; ``exactly`` understands it."""
    return f"{row.name} ({row.key})" if row.name != row.key else row.key
