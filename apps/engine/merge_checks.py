"""What must hold between merged facts. A fault is laid at a row of the document, whatever it broke.

Three rules: the target of a membership is a group, an allowlist entry's environment belongs to its
vendor, and nobody is engaged, through any number of others, by themselves.
"""

from collections.abc import Iterable, Iterator

from apps.engine.document_faults import Reason, quoted
from apps.engine.document_table import Mode
from apps.engine.document_types import BAD
from apps.engine.merge_rows import Place, Work
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
    for place, fact in work.judged["member_of"]:
        if isinstance(fact, MemberOf):
            _check_membership(work, place, fact)
    _check_stored_memberships(work)
    for place, fact in work.judged["allowlist"]:
        if isinstance(fact, AllowlistEntry):
            _check_entry(work, place, fact)
    _check_stored_entries(work)
    _check_engagements(work)


def _check_membership(work: Work, place: Place, fact: MemberOf) -> None:
    identity = work.fact("identities", fact.to)
    if isinstance(identity, Identity) and identity.kind not in (IdentityKind.GROUP, BAD):
        kind = identity.kind.replace("_", " ")
        problem = f"is {quoted(identity.key)}, a {kind}; only a group has members, so name a group"
        work.refuse(place, "to", Reason.BAD_VALUE, problem)


def _check_stored_memberships(work: Work) -> None:
    """A row makes something else of a group that has members which no row is about."""
    if "member_of" in work.document.lists and work.document.mode is Mode.REPLACE:
        return  # those members go
    changed = {
        after.key
        for before, after in _rewritten_identities(work)
        if before.kind is IdentityKind.GROUP and after.kind not in (IdentityKind.GROUP, BAD)
    }
    if not changed:
        return
    stated = work.rows.get("member_of", {})
    for relation in work.state.member_of:
        if relation.to in changed and (relation.from_, relation.to) not in stated:
            changed.remove(relation.to)
            problem = (
                f"makes {quoted(relation.to)} something else than a group, and "
                f"{quoted(relation.from_)} is a member of it; leave it a group, or remove its "
                "members first"
            )
            _refuse_row_of(work, "identities", relation.to, "kind", problem)


def _check_entry(work: Work, place: Place, entry: AllowlistEntry) -> None:
    if entry.environment is None or entry.vendor is BAD:
        return
    environment = work.fact("environments", entry.environment)
    if (
        isinstance(environment, Environment)
        and environment.vendor is not BAD
        and environment.vendor != entry.vendor
    ):
        problem = (
            f"is {quoted(environment.key)}, which belongs to {_owner(environment.vendor)}, and the "
            f"entry is for {_owner(entry.vendor)}; correct one of the two"
        )
        work.refuse(place, "environment", Reason.BAD_VALUE, problem)


def _check_stored_entries(work: Work) -> None:
    """A row moves an environment to another vendor, and an entry no row is about names both."""
    moved = {
        after.key: after.vendor
        for before, after in _rewritten_environments(work)
        if after.vendor is not BAD and before.vendor != after.vendor
    }
    if not moved:
        return
    stated = work.rows.get("allowlist", {})
    for entry in work.state.allowlist:
        if (
            entry.environment in moved
            and entry.key not in stated
            and entry.vendor != moved[entry.environment]
        ):
            owner = moved.pop(entry.environment)
            problem = (
                f"moves {quoted(entry.environment)} to {_owner(owner)}, and the allowlist entry "
                f"{quoted(entry.key)} admits it for {_owner(entry.vendor)}; change that entry too"
            )
            _refuse_row_of(work, "environments", entry.environment, "vendor", problem)


def _check_engagements(work: Work) -> None:
    """Every row that lies on a circle of vendors engaging each other is refused."""
    if "vendors" not in work.document.lists:
        return
    engaged = dict(_engagements(work))
    for cycle in _cycles(engaged, (key for key in work.rows["vendors"] if isinstance(key, str))):
        names = " → ".join([*cycle[:SHOWN_OF_CYCLE], cycle[0]])
        if len(cycle) > SHOWN_OF_CYCLE:
            names = " → ".join([*cycle[:SHOWN_OF_CYCLE], "…", cycle[0]])
        problem = f"closes a circle of vendors engaging each other ({names}); take one of them out"
        for key in cycle:
            _refuse_row_of(work, "vendors", key, "engaged_by", problem, Reason.CYCLE)


def _engagements(work: Work) -> Iterator[tuple[str, str]]:
    """Who is engaged by whom, as far as it can be read."""
    for key in work.known("vendors"):
        vendor = work.fact("vendors", key)
        if isinstance(vendor, Vendor) and vendor.engaged_by not in (None, BAD):
            yield vendor.key, str(vendor.engaged_by)


def _cycles(next_of: dict[str, str], starts: Iterable[str]) -> Iterator[list[str]]:
    """The cycles that the starts lead into, each once: every node has at most one next."""
    seen: set[str] = set()
    for start in starts:
        path: dict[str, int] = {}
        node: str | None = start
        while node is not None and node not in seen:
            seen.add(node)
            path[node] = len(path)
            node = next_of.get(node)
        if node is not None and node in path:
            yield list(path)[path[node] :]


def _rewritten_identities(work: Work) -> Iterator[tuple[Identity, Identity]]:
    for key in work.written.get("identities", {}):
        before, after = work.stored("identities").get(key), work.fact("identities", str(key))
        if isinstance(before, Identity) and isinstance(after, Identity):
            yield before, after


def _rewritten_environments(work: Work) -> Iterator[tuple[Environment, Environment]]:
    for key in work.written.get("environments", {}):
        before, after = work.stored("environments").get(key), work.fact("environments", str(key))
        if isinstance(before, Environment) and isinstance(after, Environment):
            yield before, after


def _refuse_row_of(
    work: Work,
    list_name: str,
    key: str,
    field: str,
    problem: str,
    reason: Reason = Reason.BAD_VALUE,
) -> None:
    place = work.place(list_name, key)
    if place is not None:
        work.refuse(place, field, reason, problem)


def _owner(vendor: str | None) -> str:
    return "our own organisation" if vendor is None else f"vendor {quoted(vendor)}"
