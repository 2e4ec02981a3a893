"""``manage.py export_access_graph [FILE]``: write the whole graph as a document."""

from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.access.services.interchange import export_graph
from apps.accounts import policy
from apps.core.errors import DomainError


class Command(BaseCommand):
    help = "Write the stored facts, dead ones included, as one access-graph document."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", metavar="FILE", help="standard output if left out")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            pieces = export_graph(actor=policy.system_actor())
        except DomainError as error:
            raise CommandError(str(error)) from error
        if options["file"] in (None, "-"):
            for piece in pieces:
                self.stdout.write(piece, ending="")
            return
        path = Path(options["file"])
        unfinished = path.with_name(f"{path.name}.unfinished")
        try:
            with unfinished.open("w", encoding="utf-8") as file:
                file.writelines(pieces)
            unfinished.replace(path)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        finally:
            with suppress(OSError):  # it has been renamed, or was never there
                unfinished.unlink()
