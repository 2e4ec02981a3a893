"""What must hold between merged facts. A fault is laid at a row of the document, whatever it broke.

Three rules: the target of a membership is a group, an allowlist entry's environment belongs to its
vendor, and nobody is engaged, through any number of others, by themselves.
"""

from collections.abc import Iterable, Mapping

from apps.engine.document_faults import Reason, quoted
from apps.engine.document_table import BY_NAME, Mode
from apps.engine.document_types import BAD
from apps.engine.merge_rows import Work
from apps.engine.values import (
    AllowlistEntry,
    Environment,
    Identity,
    IdentityKind,
    MemberOf,
    Vendor,
)

SHOWN_OF_CYCLE = 6


def check_merged(work: Work) -> None:
    """Add the faults of the merged state to those of the work."""
    _check_memberships(work)
    _check_stored_memberships(work)
    _check_entries(work)
    _check_stored_entries(work)
    _check_engagements(work)


def _check_memberships(work: Work) -> None:
    spec = BY_NAME["member_of"]
    for index, row, fact in work.judged["member_of"]:
        group = None if fact[1] is BAD else work.fact("identities", fact[1])
        if isinstance(group, Identity) and group.kind not in (IdentityKind.GROUP, BAD):
            problem = (
                f"is {quoted(group.key)}, which is a {group.kind.replace('_', ' ')}; only a group "
                "has members"
            )
            work.refuse(spec, index, row, "to", Reason.BAD_VALUE, problem)


def _check_stored_memberships(work: Work) -> None:
    """Groups that a row turns into something else while members stand."""
    spec, changed = BY_NAME["identities"], set()
    for key, fact in work.written.get("identities", {}).items():
        before = work.stored("identities").get(key)
        if isinstance(before, Identity) and before.kind is IdentityKind.GROUP:
            current = work.fact("identities", before.key)
            if isinstance(current, Identity) and current.kind not in (IdentityKind.GROUP, BAD):
                changed.add(before.key)
        del fact
    if not changed or ("member_of" in work.document.lists and work.document.mode is Mode.REPLACE):
        return
    stated = work.rows.get("member_of", {})
    for relation in work.state.member_of:
        if relation.to in changed and (relation.from_, relation.to) not in stated:
            changed.discard(relation.to)
            index, row = _row_of(work, "identities", relation.to)
            problem = (
                f"makes {quoted(relation.to)} no group, and {quoted(relation.from_)} is a member "
                "of it; leave it a group or remove its members first"
            )
            work.refuse(spec, index, row, "kind", Reason.BAD_VALUE, problem)
