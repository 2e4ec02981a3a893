"""The four kinds of table that are understood: their columns, and the words that name them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from apps.engine.document_table import BY_NAME, FactList, Field
from apps.engine.document_types import Choice, Flag, Names, Reference, Time, YesNoUnknown

_NOT_A_LETTER = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class SheetColumn:
    """A column that a table may have. ``words`` are other heads that mean it."""

    field: Field
    about: str
    example: str
    words: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.field.name

    @property
    def is_required(self) -> bool:
        """Whether something new needs it."""
        return self.field.required

    @property
    def takes(self) -> str:
        """What may stand in its cells, in words."""
        match self.field.type:
            case YesNoUnknown():
                return "yes, no or unknown"
            case Choice() as choice:
                return ", ".join(choice.members)
            case Flag():
                return "yes or no"
            case Time():
                return "a time such as 2026-01-31T09:30:00Z, or a day"
            case Names():
                return "texts, with ; between them"
            case Reference() as reference:
                return f"the key of a row in {' or '.join(reference.lists)}"
            case _:
                return "a key" if self.name == "key" else "text"


@dataclass(frozen=True)
class SheetKind:
    """A list of the document that can be filled from a table."""

    name: str
    columns: tuple[SheetColumn, ...]

    @property
    def spec(self) -> FactList:
        return BY_NAME[self.name]

    @cached_property
    def by_name(self) -> dict[str, SheetColumn]:
        return {column.name: column for column in self.columns}

    @cached_property
    def by_word(self) -> dict[str, str]:
        """The column that a head means, by the head as ``plain`` makes it."""
        return {
            plain(word): column.name
            for column in self.columns
            for word in (*column.words, column.name)
        }

    def guess(self, heads: Sequence[str]) -> list[str]:
        """The column that each head names; nothing where it names none, or one that was named."""
        found: list[str] = []
        for head in heads:
            name = self.by_word.get(plain(head), "")
            found.append("" if name in found else name)
        return found


def plain(head: str) -> str:
    """A head without what does not matter: ``Internet  Egress?`` is ``internet_egress``."""
    return _NOT_A_LETTER.sub("_", head.strip().lower()).strip("_")


def best_kind(heads: Sequence[str]) -> SheetKind:
    """The kind whose columns most of the heads name; the first of them where it is a tie."""
    return max(KINDS, key=lambda kind: _score(kind, heads))


def _score(kind: SheetKind, heads: Sequence[str]) -> tuple[int, int]:
    named = {name for name in kind.guess(heads) if name}
    required = {column.name for column in kind.columns if column.is_required}
    # Heads that say the kind outright count most: “environment_key” is no vendor's.
    return len(named), -len(required - named)


def _kind(name: str, *columns: tuple[str, str, str, tuple[str, ...]]) -> SheetKind:
    fields = BY_NAME[name].by_name
    return SheetKind(
        name,
        tuple(
            SheetColumn(fields[field], about, example, w) for field, about, example, w in columns
        ),
    )


_STATED_BY: Final = (
    "source",
    "How the fact became known; imported unless stated",
    "",
    ("origin", "provenance"),
)
_WHOSE: Final = (
    "vendor_key",
    "vendor_id",
    "supplier",
    "partner",
    "company",
    "owner",
    "third_party",
)

KINDS: Final = (
    _kind(
        "vendors",
        ("key", "The name that stays for good", "northlight",
         ("id", "vendor_key", "vendor_id", "supplier_id", "identifier")),
        ("name", "What people call it; the key unless stated", "Northlight Security",
         ("vendor", "vendor_name", "company", "supplier", "supplier_name", "title")),
        ("kind", "What it is to us", "partner",
         ("type", "vendor_type", "category", "relationship")),
        ("engaged_by", "The vendor that brought it in; nobody when it works for us directly", "",
         ("parent", "via", "subcontractor_of", "contracted_by", "main_contractor")),
        ("status", "Where the relationship stands; active unless stated", "active",
         ("state", "vendor_status")),
        _STATED_BY,
    ),
    _kind(
        "environments",
        ("key", "The name that stays for good", "northlight-lab",
         ("id", "environment_key", "environment_id", "identifier", "hostname")),
        ("name", "What people call it; the key unless stated", "Northlight laboratory",
         ("environment", "environment_name", "title", "description")),
        ("kind", "What it is", "sandbox", ("type", "environment_type", "category")),
        ("purpose", "What it is used for", "evaluation", ("use", "usage", "used_for")),
        ("vendor", "Whose it is; ours when not stated", "northlight", _WHOSE),
        ("internet_egress", "Whether it reaches the internet", "yes",
         ("egress", "outbound_internet", "internet_access", "outbound")),
        ("internet_exposed", "Whether the internet reaches it", "no",
         ("exposed", "public", "inbound_internet", "internet_facing", "inbound")),
        ("managed_endpoints", "Whether its devices are managed", "unknown",
         ("managed", "managed_devices", "mdm")),
        ("inventory", "Complete once somebody vouches that everything in it is declared",
         "unknown", ("inventory_complete", "inventory_state")),
        ("status", "Retired when it is no more; active unless stated", "active", ("state",)),
        _STATED_BY,
    ),
    _kind(
        "identities",
        ("key", "The name that stays for good", "northlight-runner",
         ("id", "identity_key", "identity_id", "username", "user", "login", "account", "upn",
          "principal", "email", "e_mail")),
        ("name", "What people call it; the key unless stated", "Northlight test runner",
         ("display_name", "full_name", "identity_name", "identity", "title")),
        ("kind", "What it is", "service_account",
         ("type", "identity_type", "account_type", "principal_type")),
        ("vendor", "Whose it is; ours when not stated", "northlight", _WHOSE),
        ("mfa", "Whether a second factor is asked for", "unknown",
         ("mfa_enabled", "two_factor", "2fa", "multi_factor", "second_factor")),
        ("status", "Disabled when it is no more; active unless stated", "active",
         ("state", "account_status")),
        _STATED_BY,
    ),
    _kind(
        "credentials",
        ("key", "The name that stays for good; never the secret itself", "northlight-token",
         ("id", "credential_key", "credential_id", "key_id", "token_id", "identifier",
          "fingerprint", "serial")),
        ("name", "What people call it; the key unless stated", "Token of the spring evaluation",
         ("credential", "credential_name", "label", "description", "title")),
        ("identity", "Whom it authenticates", "northlight-runner",
         ("identity_key", "owner", "user", "username", "account", "principal", "belongs_to",
          "issued_to")),
        ("kind", "What it is", "oauth_token", ("type", "credential_type", "category")),
        ("issued_at", "From when it is valid; a day alone is the start of that day in UTC",
         "2026-06-01T09:00:00Z",
         ("issued", "issued_on", "created", "created_at", "created_on", "valid_from", "start",
          "not_before")),
        ("expires_at", "Until when it is valid; a day alone includes that day, in UTC",
         "2026-06-30",
         ("expires", "expires_on", "expiry", "expiry_date", "expiration", "expiration_date",
          "valid_until", "valid_to", "end", "not_after")),
        ("revoked_at", "When it was revoked; a day alone is the end of that day in UTC", "",
         ("revoked", "revoked_on", "revocation_date")),
        ("engagements", "The tests or campaigns that it was issued for",
         "spring-evaluation; red-team-2026",
         ("engagement", "campaign", "campaigns", "project", "projects")),
        ("production_grade", "Whether it opens production; no unless stated", "no",
         ("production", "prod", "is_production")),
        _STATED_BY,
    ),
)  # fmt: skip

KIND_BY_NAME: Final = {kind.name: kind for kind in KINDS}
