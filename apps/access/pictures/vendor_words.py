"""Who of a vendor reaches a restricted model, as a sentence."""

from dataclasses import dataclass

from apps.access.selectors.reach import (
    VerdictCounts,
    models_under,
    pairs_visible_to,
    verdict_counts,
)
from apps.accounts.models import User
from apps.core.templatetags.ui import in_words
from apps.vendors.models import Vendor

MOST_NAMED = 3


@dataclass(frozen=True)
class VendorReach:
    """What the environments of a vendor reach. ``strong`` begins the sentence, ``rest`` ends it."""

    counts: VerdictCounts
    strong: str
    rest: str
    environments: int


def reach_of_vendor(user: User, vendor: Vendor) -> VendorReach:
    """The sentence about a vendor; three queries."""
    pairs = pairs_visible_to(user).filter(environment__vendor=vendor)
    counts = verdict_counts(pairs)
    environments = vendor.environments.count()
    for verdict, words in (
        ("unsegregated", "without segregation"),
        ("undetermined", ""),
        ("segregated", "through a control on every path"),
    ):
        count = counts.of(verdict)
        if not count:
            continue
        models = _listed(models_under(pairs, verdict))
        places = f"{in_words(count).capitalize()} environment{'' if count == 1 else 's'}"
        if verdict == "undetermined":
            told = f" of {vendor.name} may reach {models}, which rests on facts nobody has stated"
            return VendorReach(counts, "", f"{places}{told}", environments)
        verb = "reaches" if count == 1 else "reach"
        told = f" of {vendor.name} {verb} {models} {words}"
        if verdict == "segregated":
            return VendorReach(counts, "", f"{places}{told}", environments)
        return VendorReach(counts, places, told, environments)
    if counts.key_only:
        return VendorReach(
            counts,
            "",
            f"{vendor.name} holds a key to a restricted model and has no path to it",
            environments,
        )
    return VendorReach(
        counts, "", f"Nothing of {vendor.name} is known to reach a restricted model", environments
    )


def _listed(names: list[str]) -> str:
    if len(names) > MOST_NAMED:
        return f"{in_words(len(names))} restricted models"
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
