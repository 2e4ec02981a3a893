"""``manage.py import_access_graph FILE``: merge a document into the stored facts."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, TextIO

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from apps.access.services.interchange import ImportReport, import_graph
from apps.accounts import policy, selectors
from apps.accounts.models import User
from apps.core.errors import DomainError
from apps.engine.merge_report import change_lines

SECONDS_BETWEEN_LINES = 5

Tell = Callable[[str, int, int], None]


class Command(BaseCommand):
    help = (
        "Merge an access-graph document into the stored facts, all of it or nothing. FILE may be - "
        "for standard input. Exit code 2 when the document is refused, each fault on a line."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument(
            "--dry-run", action="store_true", help="list what would change, and change nothing"
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")
        parser.add_argument(
            "--as",
            dest="email",
            metavar="EMAIL",
            help="in whose name; by default that of the system itself",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        text, dry_run = _read(options["file"]), options["dry_run"]
        try:
            with _progress(sys.stderr) as tell:
                report = import_graph(
                    actor=_actor(options["email"]),
                    text=text,
                    name=Path(options["file"]).name,
                    dry_run=dry_run,
                    progress=tell,
                )
        except DomainError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(f"Nothing was imported. The database says: {error}") from error
        except KeyboardInterrupt:
            raise CommandError("Stopped. Nothing was imported.", returncode=130) from None
        if options["format"] == "json":
            self.stdout.write(json.dumps(report.as_json(every_change=dry_run), indent=1))
        elif not report.faults:
            self._tell(report, dry_run=dry_run)
        else:
            for fault in report.faults:
                self.stderr.write(fault.as_line())
        if report.faults:
            sys.exit(2)

    def _tell(self, report: ImportReport, *, dry_run: bool) -> None:
        if dry_run:
            for line in change_lines(report.changes):
                self.stdout.write(line)
        for name, counts in report.counts.items():
            told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
            self.stdout.write(f"{name}: {told}")
        if dry_run:
            self.stdout.write("A dry run: nothing was written.")
        elif report.changes:
            self.stdout.write("Imported.")
        else:
            self.stdout.write("Imported: nothing has changed.")


def _read(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.", returncode=2) from error


def _actor(email: str | None) -> User:
    if email is None:
        return policy.system_actor()
    people = selectors.users_visible_to(policy.system_actor())
    user = people.filter(email=email.lower()).first()
    if user is None:
        raise CommandError(f"Nobody has the address {email}.", returncode=2)
    return user


# --- progress -------------------------------------------------------------------------------------


@contextmanager
def _progress(stream: TextIO) -> Iterator[Tell]:
    """A bar on a terminal; elsewhere now and then a line, none for what is done at once."""
    if not stream.isatty():
        yield _lines(stream)
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        console=Console(file=stream),
        transient=True,
    )
    with bar:
        task = bar.add_task("", total=None)

        def tell(what: str, done: int, of: int) -> None:
            bar.update(task, description=what, completed=done, total=of or None)

        yield tell


def _lines(stream: TextIO) -> Tell:
    last = monotonic()

    def tell(what: str, done: int, of: int) -> None:
        nonlocal last
        if monotonic() - last >= SECONDS_BETWEEN_LINES:
            last = monotonic()
            stream.write(f"{what}: {done:,} of {of:,}\n" if of else f"{what}\n")
            stream.flush()

    return tell
