"""Writes the changes of an import: COPY into a temporary table, then a few statements a list.

The statements are made from ``graph_tables``, the same for all seventeen lists, vendors and
contracts among them: a document of a million rows cannot go through one service call a row. The
plan has been checked; the database checks it again (foreign keys, constraints, triggers).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from apps.access.selectors.graph_tables import TABLES, Items, Link, Table
from apps.access.services.interchange_incoming import (
    IS_NEW,
    Incoming,
    identity_columns,
    items_column,
    key_column,
    row_columns,
)
from apps.core.errors import ConflictError
from apps.engine.merge import ListChanges

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is (0: unknown)."""

ROWS_BETWEEN_REPORTS = 10_000
ROWS_WORTH_ANALYSING = 1_000
SEEN_EVERY = timedelta(days=1)


def lock_facts() -> None:
    """Until the transaction ends others may read facts and not write any.

    What a plan was checked against is then still so when it is carried out.
    """
    tables = ", ".join(_quoted(table.model._meta.db_table) for table in TABLES.values())
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")


def store_changes(changes: Mapping[str, ListChanges], *, now: datetime, progress: Progress) -> None:
    """Carry out a plan in the order of its lists: what is referred to comes first.

    Raises ConflictError when the facts are not those that the plan was made for.
    """
    with connection.cursor() as cursor:
        for name, each in changes.items():
            _Writer(cursor, TABLES[name], now, progress).store(each)
        progress("Checking references", 0, 0)
        connection.check_constraints()


def refresh_last_seen(
    stated: Mapping[str, Sequence[tuple[Any, ...]]], *, now: datetime, progress: Progress
) -> None:
    """Mark the facts that a document states as seen, where that was last done over a day ago.

    ``stated`` has, by list, what identifies them: the key, or from and to.
    """
    with connection.cursor() as cursor:
        for name, identities in stated.items():
            _Writer(cursor, TABLES[name], now, progress).refresh(identities)


class _Writer:
    """Writes one list. ``incoming`` holds its rows as the document has them, by key; ``ready`` the
    same by number.
    """

    def __init__(
        self, cursor: CursorWrapper, table: Table, now: datetime, progress: Progress
    ) -> None:
        self.cursor = cursor
        self.table = table
        self.now = now
        self.progress = progress
        self.home = [link for link in table.links if _leads_home(table, link)]
        self.away = [link for link in table.links if not _leads_home(table, link)]

    def store(self, changes: ListChanges) -> None:
        """Remove, add and change the rows of one list."""
        if changes.removed:
            self._remove(changes.removed)
        after = [change.after for change in changes.changed]
        count = len(changes.added) + len(after)
        if not count:
            return
        flags = chain((True for _ in changes.added), (False for _ in after))
        self._take_in(row_columns(self.table), chain(changes.added, after), count, flags)
        self._insert(len(changes.added))
        self._update(len(after))
        for link in self.home:
            self._point_home(link)
        for items in self.table.items:
            self._replace_items(items)
        self._drop()
        if count >= ROWS_WORTH_ANALYSING:
            self._run("ANALYZE {model}")

    def refresh(self, identities: Sequence[tuple[Any, ...]]) -> None:
        """Mark these rows as seen, unless they have been within a day."""
        before = self.now - SEEN_EVERY
        self._run("SELECT EXISTS (SELECT FROM {model} WHERE last_seen < %s)", before)
        if self.cursor.fetchone()[0]:
            self._take_in(identity_columns(self.table), identities, len(identities))
            self._run(
                "UPDATE {model} m SET last_seen = %s FROM ready r "
                "WHERE {same} AND m.last_seen < %s",
                self.now,
                before,
            )
            self._drop()

    # --- rows -------------------------------------------------------------------------------------

    def _remove(self, facts: Sequence[tuple[Any, ...]]) -> None:
        self._take_in(identity_columns(self.table), facts, len(facts))
        for items in self.table.items:
            self._delete_items(items)
        self._run("DELETE FROM {model} m USING ready r WHERE {same}")
        self._expect(len(facts))
        self._drop()

    def _insert(self, count: int) -> None:
        columns = self._columns()
        self._run(
            "INSERT INTO {model} ({columns}, first_seen, last_seen) "
            "SELECT {values}, %s, %s FROM ready r WHERE r.is_new",
            self.now,
            self.now,
            columns=", ".join(columns),
            values=", ".join(f"r.{column}" for column in columns),
        )
        self._expect(count)

    def _update(self, count: int) -> None:
        if count:
            values = ", ".join(f"{column} = r.{column}" for column in self._columns())
            self._run(
                "UPDATE {model} m SET {values} FROM ready r WHERE NOT r.is_new AND {same}",
                values=values,
            )
            self._expect(count)

    def _point_home(self, link: Link) -> None:
        """A reference into the same list: only now does everything that it may name exist."""
        [end] = link.ends
        self._run(
            "UPDATE {model} m SET {column} = t.id "
            "FROM incoming i LEFT JOIN {model} t ON t.key = i.{name} "
            "WHERE m.key = i.key AND m.{column} IS DISTINCT FROM t.id",
            column=_quoted(end.key.attname),
            name=_quoted(key_column(end)),
        )

    def _replace_items(self, items: Items) -> None:
        self._delete_items(items, only="NOT r.is_new")
        for end in items.ends:
            self._run(
                "INSERT INTO {items} ({parent}, {column}) SELECT m.id, t.id FROM ready r "
                "JOIN {model} m ON {same} CROSS JOIN unnest(r.{names}) AS item(key) "
                "JOIN {target} t ON t.key = item.key",
                items=_quoted(items.model._meta.db_table),
                parent=_quoted(items.parent.attname),
                column=_quoted(end.key.attname),
                names=_quoted(items_column(items, end)),
                target=_quoted(end.target._meta.db_table),
            )

    def _delete_items(self, items: Items, only: str = "true") -> None:
        self._run(
            "DELETE FROM {items} USING {model} m, ready r "
            "WHERE {items}.{parent} = m.id AND {same} AND {only}",
            items=_quoted(items.model._meta.db_table),
            parent=_quoted(items.parent.attname),
            only=only,
        )

    # --- the temporary tables ---------------------------------------------------------------------

    def _take_in(
        self,
        columns: Sequence[Incoming],
        facts: Iterable[tuple[Any, ...]],
        count: int,
        flags: Iterable[bool] = (),
    ) -> None:
        """Copy facts into ``incoming`` and find the numbers of what they refer to."""
        told = ", ".join(f"{_quoted(column.name)} {column.type}" for column in columns)
        self._run("CREATE TEMPORARY TABLE incoming ({told}) ON COMMIT DROP", told=told)
        names = ", ".join(_quoted(column.name) for column in columns)
        readers = [column.read for column in columns if column is not IS_NEW]
        rows: Iterable[list[Any]] = ([read(fact) for read in readers] for fact in facts)
        if IS_NEW in columns:
            rows = ([*row, flag] for row, flag in zip(rows, flags, strict=True))
        what = f"Writing {self.table.spec.name}"
        with self.cursor.copy(f"COPY incoming ({names}) FROM STDIN") as copy:
            for done, row in enumerate(rows):
                if not done % ROWS_BETWEEN_REPORTS:
                    self.progress(what, done, count)
                copy.write_row(row)
        self.progress(what, count, count)
        self._resolve(columns, is_large=count >= ROWS_WORTH_ANALYSING)

    def _resolve(self, columns: Sequence[Incoming], *, is_large: bool) -> None:
        known = {column.name for column in columns}
        ends = [end for link in self.away for end in link.ends if key_column(end) in known]
        keys = {key_column(end) for end in ends}
        kept = [f"i.{_quoted(column.name)}" for column in columns if column.name not in keys]
        found, joins = [], []
        for at, end in enumerate(ends):
            found.append(f"t{at}.id AS {_quoted(end.key.attname)}")
            target = _quoted(end.target._meta.db_table)
            joins.append(f"LEFT JOIN {target} t{at} ON t{at}.key = i.{_quoted(key_column(end))}")
        if is_large:
            self._run("ANALYZE incoming")
        self._run(
            "CREATE TEMPORARY TABLE ready ON COMMIT DROP AS "
            "SELECT {columns} FROM incoming i {joins}",
            columns=", ".join(kept + found),
            joins=" ".join(joins),
        )
        if is_large:
            self._run("ANALYZE ready")
        named = self._counts("incoming", [key_column(end) for end in ends])
        if named != self._counts("ready", [str(end.key.attname) for end in ends]):
            raise _changed_meanwhile()

    def _drop(self) -> None:
        self._run("DROP TABLE incoming, ready")

    # --- statements -------------------------------------------------------------------------------

    def _columns(self) -> list[str]:
        """The columns that are written from ``ready``, by the same names there."""
        plain = [each.column.column for each in self.table.plain]
        numbers = [end.key.attname for link in self.away for end in link.ends]
        return [_quoted(name) for name in plain + numbers]

    def _same_fact(self) -> str:
        """The condition under which the row ``m`` is what ``r`` is about."""
        if not self.table.spec.is_relation:
            return "m.key = r.key"
        conditions = []
        for link in self.table.links:
            for end in link.ends:
                column = _quoted(end.key.attname)
                # No number is 0: an end that is not stated equals another, and joins stay fast.
                form = "coalesce({0}.{1}, 0)" if end.key.null else "{0}.{1}"
                conditions.append(f"{form.format('m', column)} = {form.format('r', column)}")
        return " AND ".join(conditions)

    def _run(self, statement: str, *values: Any, **parts: str) -> None:
        model = _quoted(self.table.model._meta.db_table)
        told = statement.format(model=model, same=self._same_fact(), **parts)
        self.cursor.execute(told, values or None)

    def _counts(self, table: str, columns: Sequence[str]) -> tuple[int, ...]:
        """How many rows of a temporary table have a value in each of these columns."""
        counts = ", ".join(["count(*)", *(f"count({_quoted(column)})" for column in columns)])
        self._run("SELECT {counts} FROM {table}", counts=counts, table=table)
        row: tuple[int, ...] = self.cursor.fetchone()
        return row

    def _expect(self, count: int) -> None:
        if self.cursor.rowcount != count:
            raise _changed_meanwhile()


def _leads_home(table: Table, link: Link) -> bool:
    """Does the reference lead into the list that it stands in, as that of a vendor to a vendor?

    The two ends of a relation never do: their list is another one.
    """
    return any(end.target is table.model for end in link.ends)


def _quoted(name: str | None) -> str:
    quoted: str = connection.ops.quote_name(str(name))
    return quoted


def _changed_meanwhile() -> ConflictError:
    return ConflictError(
        "Nothing was imported: the facts changed while the document was checked. Import it again."
    )
