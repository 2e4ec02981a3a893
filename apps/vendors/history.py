"""What the log says about a vendor and everything filed under it, in sentences."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.accounts.selectors import log_visible_to
from apps.audit.models import AuditEntry
from apps.vendors.models import Vendor
from apps.vendors.selectors import ANOTHER, vendors_visible_to

# Where the plain sentence (who, what was done, to what) would not read.
_PHRASES = {
    "finding.commented": "commented on the finding",
    "finding.due_changed": "changed the due date of the finding",
    "finding.evidence_added": "filed evidence with the finding",
    "finding.proposed": "proposed to accept the finding",
    "finding.signed_off": "signed off the finding",
    "finding.taken_up": "took up the proposal to accept the finding",
    "user.vendor_granted": "put the vendor into the scope of",
    "user.vendor_revoked": "took the vendor out of the scope of",
}
_NAMES_VENDORS = ("engaged_by", "subcontractors", "vendor")


@dataclass(frozen=True)
class Altered:
    """A field before and after."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Happened:
    """An entry as a sentence: who, ``words``, what. ``is_first`` states all of it."""

    entry: AuditEntry
    words: str
    what: str
    fields: list[Altered]
    is_first: bool


def entries_about(user: User, vendor: Vendor) -> QuerySet[AuditEntry]:
    """The entries about the vendor and what is filed under it, the latest first.

    What concerns other vendors as well is filed under none of them, and is not among these.
    """
    return log_visible_to(user).filter(vendor_id=vendor.pk)


def told(user: User, entries: Iterable[AuditEntry]) -> list[Happened]:
    """The entries in words; names of vendors out of the user's scope are left out."""
    listed = list(entries)
    named = {
        key
        for entry in listed
        for side in _sides(entry)
        for name in _NAMES_VENDORS
        for key in _keys(side.get(name))
    }
    hidden: set[str] = set()
    if not policy.may(user, Perm.VIEW_VENDOR, vendor=None):
        visible = vendors_visible_to(user).filter(key__in=named)
        hidden = named - set(visible.order_by().values_list("key", flat=True))
    return [_told(entry, hidden) for entry in listed]


def _told(entry: AuditEntry, hidden: set[str]) -> Happened:
    before, after = _sides(entry)
    fields = [
        Altered(
            name.replace("_", " ").capitalize(),
            _words(before.get(name), name, hidden),
            _words(after.get(name), name, hidden),
        )
        for name in sorted({*before, *after})
    ]
    noun, _, done = entry.action.partition(".")
    plain = f"{done.replace('_', ' ').replace('.', ' ')} the {noun.replace('_', ' ')}"
    words = _PHRASES.get(entry.action, plain)
    return Happened(entry, words, entry.target_name, fields, is_first=not before)


def _sides(entry: AuditEntry) -> tuple[Mapping[str, object], Mapping[str, object]]:
    data = entry.data if isinstance(entry.data, dict) else {}
    before, after = data.get("before"), data.get("after")
    return (
        before if isinstance(before, dict) else {},
        after if isinstance(after, dict) else {},
    )


def _keys(value: object) -> list[str]:
    return [str(item) for item in (value if isinstance(value, list) else [value]) if item]


def _words(value: object, name: str, hidden: set[str]) -> str:
    if value is None or value in ("", []):
        return "nothing"
    if name in _NAMES_VENDORS:
        return ", ".join(ANOTHER if key in hidden else key for key in _keys(value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return "not known" if value == "unknown" else str(value).replace("_", " ")
