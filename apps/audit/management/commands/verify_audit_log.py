"""Checks the whole audit log: exit code 0 when it holds together, 1 when it was tampered with."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.audit import selectors
from apps.audit.chain import Verified
from apps.audit.tampering import Fault


class Command(BaseCommand):
    help = "Check every entry of the audit log against the chain of hashes and the head."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, **options: Any) -> None:
        verified, fault = selectors.check()
        write = _as_json if options["format"] == "json" else _as_text
        self.stdout.write(write(verified, fault))
        if fault:
            sys.exit(1)


def _as_text(verified: Verified, fault: Fault | None) -> str:
    counted = "1 entry is" if verified.entries == 1 else f"{verified.entries} entries are"
    if fault:
        return f"{fault.sentence} Before it, {counted} in order."
    return (
        f"The audit log holds together: {counted} in order, the last with the hash "
        f"{verified.hash}. Compare it with a copy that is kept elsewhere."
    )


def _as_json(verified: Verified, fault: Fault | None) -> str:
    answer: dict[str, Any] = {
        "intact": fault is None,
        "entries": verified.entries,
        "hash": verified.hash,
    }
    if fault:
        answer |= {"first_wrong": fault.entry, "kind": str(fault.kind), "reason": fault.sentence}
    return json.dumps(answer)
