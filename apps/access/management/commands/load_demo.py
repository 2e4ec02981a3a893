"""``manage.py load_demo``: the demo portfolio with its history, and people to sign in as."""

import json
import os
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from apps.access.demo.portfolio import document
from apps.access.services import demo
from apps.accounts import policy
from apps.core.errors import DomainError

WHO = "demo-users.txt"


class Command(BaseCommand):
    help = (
        "Load the demo portfolio into an empty database: facts, scans of the past eleven weeks, "
        f"people. Who they are and how they sign in is written to {WHO} in the folder of the "
        "data, readable by its owner alone. A second run changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--document",
            action="store_true",
            help="load nothing, and print the portfolio as one access-graph document",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["document"]:
            self.stdout.write(_as_text(document(now=timezone.now())))
            return
        path = settings.VAR_DIR / WHO
        try:
            with transaction.atomic(), _private_draft(path) as draft:
                accounts = demo.load_demo(actor=policy.system_actor())
                if accounts:
                    draft.write_text(_lines(accounts), encoding="utf-8")
                    draft.replace(path)
        except DomainError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(
                f"{path} cannot be written, so nothing was loaded: {error.strerror}."
            ) from error
        if not accounts:
            self.stdout.write("The demo portfolio is loaded already: nothing to do.")
            return
        self.stdout.write(
            f"The demo portfolio is loaded. Who may sign in, and with which password: {path}"
        )


def _as_text(found: dict[str, Any]) -> str:
    """One row a line, as an export has it."""
    lists = (
        f'"{name}": [\n' + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]"
        for name, rows in found.items()
        if isinstance(rows, list)
    )
    head = f'"format": {json.dumps(found["format"])}'
    return "{\n" + ",\n".join([head, *lists]) + "\n}"


def _lines(accounts: Iterable[demo.Account]) -> str:
    rows = [("address", "password", "name", "role")]
    for account in accounts:
        person = account.person
        sees = f", sees {' and '.join(person.vendors)} alone" if person.vendors else ""
        rows.append((person.email, account.password, person.name, f"{person.role.label}{sees}"))
    return "".join(f"{a:<34}{b:<26}{c:<18}{d}\n" for a, b, c, d in rows)


@contextmanager
def _private_draft(path: Path) -> Iterator[Path]:
    """A file beside the path for its owner alone; it goes, unless it takes the path's place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    draft.touch(mode=0o600, exist_ok=False)
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)
