"""Entries of the log about a person, as lines that say what happened."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.audit.models import AuditEntry

WORDS = {
    "user.created": "Account opened",
    "user.roles_set": "Roles set",
    "user.vendor_granted": "Vendor granted",
    "user.vendor_revoked": "Vendor taken away",
    "user.deactivated": "Account closed",
    "user.reactivated": "Account opened again",
    "user.invited": "Invited",
    "user.invitation_accepted": "Invitation accepted",
    "user.signed_in": "Signed in",
    "user.signed_out": "Signed out",
    "user.sign_in_failed": "Failed to sign in",
    "user.proof_failed": "Failed to prove who they are",
    "user.locked_out": "Locked out after too many failed attempts",
    "user.unlocked": "Unlocked",
    "user.second_factor_set_up": "Second factor set up",
    "user.second_factor_turned_off": "Second factor turned off",
    "user.second_factor_reset": "Second factor reset",
    "user.recovery_code_used": "Recovery code used",
    "user.recovery_codes_renewed": "Recovery codes renewed",
    "user.password_changed": "Password changed",
    "user.profile_changed": "Profile changed",
    "user.sessions_ended": "Signed out elsewhere",
}


class Line(NamedTuple):
    """One entry: when, what, about what or with what, and by whom (none: by themselves)."""

    at: datetime
    words: str
    detail: str
    by: str


def as_lines(entries: Iterable[AuditEntry], person: User) -> list[Line]:
    """The entries in their order."""
    return [
        Line(
            entry.at,
            WORDS.get(entry.action) or _plain(entry.action),
            _detail(entry, person),
            "" if entry.actor_id == person.pk else entry.actor_name,
        )
        for entry in entries
    ]


def _plain(action: str) -> str:
    return action.replace(".", " ").replace("_", " ").capitalize()


def _detail(entry: AuditEntry, person: User) -> str:
    data = entry.data
    match entry.action:
        case "user.roles_set":
            after = data["after"]
            labels = [Role(role).label for role in after["roles"]] or ["no role"]
            return ", ".join(labels) + (", all vendors" if after["all_vendors"] else "")
        case "user.vendor_granted" | "user.vendor_revoked":
            return str(data["vendor"])
        case "user.second_factor_reset":
            return str(data["reason"])
    is_about_them = entry.target_type == person._meta.label_lower
    return "" if is_about_them and entry.target_id == str(person.pk) else entry.target_name
