"""Makes the first administrator. The password never stands on the command line."""

import getpass
import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.accounts import policy, selectors
from apps.accounts.choices import Role
from apps.accounts.roles import ALONE
from apps.accounts.services import people
from apps.core.errors import DomainError

VARIABLE = "OWNER_PASSWORD"


class Command(BaseCommand):
    help = (
        "Make the first administrator, with all vendors. The password is taken from "
        f"{VARIABLE} (or the file that {VARIABLE}_FILE names), from standard input with "
        "--password-stdin, or asked for."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--name", default="Administrator", help="as it appears in the log")
        parser.add_argument(
            "--also",
            action="append",
            default=[],
            choices=[str(role) for role in Role if role not in ALONE],
            help="a further role, such as analyst; may be given more than once",
        )
        parser.add_argument(
            "--if-none",
            action="store_true",
            help="do nothing, successfully, when there is an administrator already",
        )
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the password from standard input"
        )

    def handle(self, **options: Any) -> None:
        if selectors.active_administrators().exists():
            if options["if_none"]:
                self.stdout.write("There is an administrator already: nothing to do.")
                return
            raise CommandError(
                "There is an administrator already. Further people are added by an administrator."
            )
        try:
            owner = people.create_user(
                actor=policy.system_actor(),
                email=options["email"],
                name=options["name"],
                roles=[Role.ADMINISTRATOR, *map(Role, options["also"])],
                all_vendors=True,
                password=_password(from_stdin=options["password_stdin"]),
            )
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{owner.email} can sign in now.")


def _password(*, from_stdin: bool) -> str:
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not (password := _from_environment()) and sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if getpass.getpass("The same again: ") != password:
            raise CommandError("The two differ. Nothing was written.")
    if not password:
        raise CommandError(
            f"No password: set {VARIABLE} or {VARIABLE}_FILE, use --password-stdin, "
            "or run this in a terminal."
        )
    return password


def _from_environment() -> str:
    path = os.environ.get(f"{VARIABLE}_FILE")
    if not path:
        return os.environ.get(VARIABLE, "")
    try:
        # The newline at the end of a file is not part of the password.
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise CommandError(f"{VARIABLE}_FILE cannot be read: {error}") from error
