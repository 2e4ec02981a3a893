"""What the pages of facts read beside the facts themselves: searches, narrowing, history.

Relations may be a million: whatever looks at either end of one asks for each end alone, which an
index answers, and joins the numbers that it got.
"""

from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

from apps.access.models import Environment, PairReach
from apps.access.models.inventory import Deployment
from apps.access.selectors.reach import RANK, pairs_visible_to
from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.audit import selectors as audit
from apps.audit.models import AuditEntry
from apps.core.models import Filed, Keyed, Relation, Seen
from apps.core.search import exactly, matching
from apps.engine.values import YesNo
from apps.findings.models import Finding, FindingState
from apps.findings.selectors import WORST_FIRST, findings_visible_to
from apps.vendors.facts import vendors_of
from apps.vendors.selectors import vendors_visible_to, visible_facts

S = TypeVar("S", bound=Seen)
OUR_OWN = "our own"
MOST_FOUND = 1_000
MOST_OFFERED = 200


def searched(rows: QuerySet[S], typed: str) -> tuple[QuerySet[S], bool]:
    """The facts whose name or key matches; the relations of which either end does.

    At most MOST_FOUND facts or ends are looked at further; the second value says whether there
    are more. Sorting every fact that a single letter finds would take seconds.
    """
    if not typed.strip():
        return rows, False
    model: type[Any] = rows.model
    if issubclass(model, Keyed):
        found, is_cut = _numbers(rows, typed)
        return rows.filter(pk__in=found), is_cut
    parts, cut = [], False
    for name in [name for fields in model.ends for name in fields]:
        found, is_cut = _numbers(_end(model, name), typed)
        parts.append(model._base_manager.filter(**{f"{name}__in": found}))
        cut = cut or is_cut
    return _any_of(rows, parts), cut


def offered(rows: QuerySet[S], typed: str) -> QuerySet[S]:
    """Facts to choose from by what was typed so far: not all of them where they are very many."""
    if not typed.strip():
        return rows
    found, _is_cut = _numbers(rows, typed, most=MOST_OFFERED)
    return rows.filter(Q(pk__in=found) | Q(key=typed.strip().replace("\0", "")))


def _numbers(rows: QuerySet[Any], typed: str, most: int = MOST_FOUND) -> tuple[list[int], bool]:
    """The numbers of the first facts that are found, in no order, and whether there are more."""
    named = matching(rows.prefetch_related(None).order_by(), typed)
    found = list(named.values_list("pk", flat=True)[: most + 1])
    return found[:most], len(found) > most


def of_vendor(rows: QuerySet[S], user: User, typed: str) -> QuerySet[S]:
    """The facts that are filed under the vendor of that key or name; for relations, at an end."""
    if not typed.strip():
        return rows
    paths = vendor_paths(rows.model)
    if typed.strip().lower() == OUR_OWN:
        return rows.filter(**{paths[0]: None}) if len(paths) == 1 else rows.none()
    vendors = exactly(vendors_visible_to(user), typed)
    if len(vendors) != 1:
        return rows.none()
    if len(paths) == 1:
        return rows.filter(**{paths[0]: vendors[0]})
    parts = [rows.model._base_manager.filter(**{path: vendors[0]}) for path in paths]
    return _any_of(rows, parts)


def vendor_paths(model: type[Filed]) -> list[str]:
    """The lookups from a fact to its vendors; through its parts, where they are what is filed."""
    paths: list[str] = []
    for path in model.filed_under:
        parts = None if "__" in path or path == "vendor" else model._meta.get_field(path)
        if parts is None:
            paths.append(path)
        else:
            related: Any = parts.related_model
            paths += [f"{path}__{further}" for further in vendor_paths(related)]
    return paths


def with_unknowns(rows: QuerySet[S], fields: tuple[str, ...]) -> QuerySet[S]:
    """The facts of which at least one of these is not known."""
    condition = Q()
    for field in fields:
        condition |= Q(**{field: str(YesNo.UNKNOWN)})
    return rows.filter(condition)


def visible_one(model: type[Filed], user: User, number: int) -> Any:
    """One fact by its number, or none when it does not exist for this person."""
    return visible_facts(model._base_manager.filter(pk=number), user=user).first()


def may_write(user: User, perm: Perm, fact: Filed) -> bool:
    """Whether ``user`` may do this to a fact: every vendor that it is filed under decides."""
    return all(policy.may(user, perm, vendor=vendor) for vendor in vendors_of(fact))


def history_of(user: User, fact: Seen, most: int = 30) -> list[AuditEntry]:
    """What the log says about a fact, the latest first.

    An entry that concerns several vendors is for those who see all of them.
    """
    entries = policy.visible(
        audit.entries_on(fact), user=user, perm=Perm.VIEW_FACT, vendor="vendor_id"
    )
    return list(entries[:most])


def pairs_of(user: User, fact: Seen, most: int) -> list[PairReach]:
    """What an environment reaches, or who reaches a deployment, the worst first."""
    pairs = pairs_visible_to(user)
    if isinstance(fact, Environment):
        pairs = pairs.filter(environment=fact)
    elif isinstance(fact, Deployment):
        pairs = pairs.filter(deployment=fact)
    else:
        return []
    named = pairs.select_related("environment__vendor", "deployment__model")
    return list(named.annotate(rank=RANK).order_by("rank", "pk")[:most])


def findings_about(user: User, fact: Seen, most: int) -> list[Finding]:
    """The open findings whose subject names the fact, the worst first."""
    if not isinstance(fact, Keyed):
        return []
    open_ones = findings_visible_to(user).filter(state=FindingState.OPEN)
    noun = str(fact._meta.model_name)
    if noun in {"environment", "deployment", "credential", "identity"}:
        about = open_ones.filter(**{noun: fact.key})
    elif noun in _RULES:
        field, rules = _RULES[noun]
        about = open_ones.filter(rule__in=rules, **{f"subject__{field}": fact.key})
    else:
        return []
    return list(about.order_by(*WORST_FIRST)[:most])


_RULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "allowlistentry": ("entry", ("RT-07", "RT-19")),
    "exposure": ("exposure", ("RT-15",)),
    "aimodel": ("model", ("RT-12",)),
}


def _end(model: type[Relation], name: str) -> QuerySet[Any]:
    related: Any = model._meta.get_field(name).related_model
    rows: QuerySet[Any] = related._base_manager.all()
    return rows


def _any_of(rows: QuerySet[S], parts: list[QuerySet[Any]]) -> QuerySet[S]:
    """The rows that are in one of the parts."""
    first, *further = [part.order_by().values("pk") for part in parts]
    return rows.filter(pk__in=first.union(*further))


def named_by(model: type[Model], path: str, user: User, number: int) -> Any:
    """The fact with that number at the end of a lookup path, when it is visible."""
    related: Any = model
    for step in path.split("__"):
        related = related._meta.get_field(step).related_model
    return visible_one(related, user, number)
