"""Prints the table of roles and permissions, or writes it to its page."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from apps.accounts.permission_table import as_markdown


class Command(BaseCommand):
    help = "Print the table of roles and permissions as Markdown."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--write", action="store_true", help="write docs/permissions.md")

    def handle(self, **options: Any) -> None:
        if options["write"]:
            page = settings.BASE_DIR / "docs" / "permissions.md"
            page.write_text(as_markdown(), encoding="utf-8")
            self.stdout.write(f"Written: {page}")
        else:
            self.stdout.write(as_markdown(), ending="")
