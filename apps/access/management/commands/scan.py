"""``manage.py scan [FILE]``: analyse a document alone, or scan the database and store the run."""

import os
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from datetime import datetime
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from apps.access.services import analysis
from apps.accounts import policy
from apps.core.errors import DomainError
from apps.engine.analysis import Answer, analyse
from apps.engine.catalogue import RULES
from apps.engine.document import DocumentError, read_document
from apps.engine.document_types import RefusedError, Time
from apps.engine.merge import validate_alone
from apps.engine.scan_document import instant, scan_document
from apps.engine.values import Finding, Severity, VerdictKind

SHOWN = 50
"""Rows of a table that people read; the JSON has them all."""


class Command(BaseCommand):
    help = (
        "Find the routes to restricted models. With FILE (an access-graph document, - for "
        "standard input) it is analysed alone and no database is needed; without, the database "
        "is scanned and the run is stored. Exit code 2 when FILE is refused: each fault on a line."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", metavar="FILE")
        parser.add_argument(
            "--now", metavar="TIME", help="The instant to analyse for, RFC 3339 with a zone."
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *_args: Any, **options: Any) -> None:
        now = None if options["now"] is None else _time(options["now"])
        if options["file"] is None:
            answer = self._scan_database(now)
        else:
            answer = self._analyse_alone(options["file"], now or timezone.now())
        try:
            if options["format"] == "json":
                self._write(answer)
            else:
                _print(answer)
        except BrokenPipeError:
            _write_nothing_more()
            sys.exit(1)  # whoever read has seen enough, and knows
        except OSError as error:
            _write_nothing_more()
            raise CommandError(f"The result cannot be written: {error.strerror}.") from error

    def _write(self, answer: Answer) -> None:
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")  # whatever the terminal's is: it is JSON
        for piece in scan_document(answer):
            self.stdout.write(piece, ending="")
        self.stdout.flush()

    def _analyse_alone(self, name: str, now: datetime) -> Answer:
        try:
            return analyse(validate_alone(read_document(_read(name)), now=now), now)
        except DocumentError as error:
            for fault in error.faults:
                self.stderr.write(fault.as_line())
            sys.exit(2)

    def _scan_database(self, now: datetime | None) -> Answer:
        try:
            run, answer = analysis.scan_now(actor=policy.system_actor(), now=now)
        except (DomainError, OperationalError) as error:
            raise CommandError(str(error).strip()) from error
        self.stderr.write(f"Scan {run.pk} is stored.")
        return answer


def _read(name: str) -> bytes:
    if name == "-" and sys.stdin is None:
        raise CommandError("Standard input is closed; name a file.", returncode=2)
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}.", returncode=2) from error


def _write_nothing_more() -> None:
    """What is left in the buffer goes nowhere when the process ends, instead of failing again."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _time(text: str) -> datetime:
    try:
        return Time().read(text)
    except RefusedError as error:
        raise CommandError(f"--now {error}", returncode=2) from error


# --- for people ----------------------------------------------------------------------------------


def _print(answer: Answer) -> None:
    console, counts = Console(), answer.counts
    console.print(
        f"[bold]{_many(counts.unsegregated, 'environment')} "
        f"{'reaches' if counts.unsegregated == 1 else 'reach'} a restricted model without "
        f"segregation[/bold], {counts.undetermined} undetermined, {counts.segregated} segregated; "
        f"{counts.environments} live, as of {instant(answer.now)}."
    )
    verdicts = (v for v in answer.verdicts() if v.verdict is not VerdictKind.SEGREGATED)
    worst = sorted(verdicts, key=lambda v: list(VerdictKind).index(v.verdict))
    _table(
        console,
        "Not segregated",
        ("verdict", "environment", "deployment"),
        ((v.verdict, v.environment, v.deployment) for v in worst),
        len(worst),
    )
    ladder = list(Severity)
    found = sorted(answer.findings(), key=lambda f: -ladder.index(f.severity))
    _table(
        console,
        "Findings",
        ("severity", "certainty", "rule", "what is missing, and what to change"),
        map(_row, found),
        len(found),
    )


def _row(finding: Finding) -> tuple[str, ...]:
    rule = f"{finding.rule} {RULES[finding.rule].name}"
    return finding.severity, finding.certainty, rule, f"{finding.missing}\n{finding.fix}"


def _table(
    console: Console,
    title: str,
    columns: tuple[str, ...],
    rows: Iterable[tuple[str, ...]],
    count: int,
) -> None:
    if count == 0:
        console.print(f"{title}: none.")
        return
    table = Table(*columns, title=f"{title}: {count}", title_justify="left", show_lines=False)
    for row in islice(rows, SHOWN):
        table.add_row(*map(str, row))
    console.print(table)
    if count > SHOWN:
        console.print(f"and {count - SHOWN} more; --format json has them all.")


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
