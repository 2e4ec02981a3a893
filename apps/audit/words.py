"""Entries of the log in words for a page: what was done, to what kind of thing, and where it is."""

from django.apps import apps
from django.urls import NoReverseMatch, reverse

from apps.audit.models import AuditEntry

# Kinds whose page is not called after them, and the kinds of facts, which share their pages.
PAGES = {
    "access.aimodel": "access:model-detail",
    "access.importrun": "access:import-detail",
    "access.scanrun": "access:run-detail",
}
FACTS = {
    "access.allowlistentry": "allowlist",
    "access.credential": "credentials",
    "access.deployment": "deployments",
    "access.drill": "drills",
    "access.environment": "environments",
    "access.exposure": "exposures",
    "access.identity": "identities",
}


def action_words(action: str) -> str:
    """An action as words: "Vendor created"."""
    words = action.replace(".", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def kind_words(kind: str) -> str:
    """What kind of thing an entry is about, in words: "environment", "scan run"."""
    try:
        return str(apps.get_model(kind)._meta.verbose_name)
    except LookupError:  # a kind of thing that is no more
        return kind.rpartition(".")[2]


def page_of(entry: AuditEntry) -> str:
    """The address of the page about what an entry is about; empty where there is none."""
    app, _, kind = entry.target_type.partition(".")
    if not entry.target_id.isdigit():
        return ""
    number = int(entry.target_id)
    try:
        if entry.target_type in FACTS:
            slug = FACTS[entry.target_type]
            return reverse("access:fact-detail", kwargs={"kind": slug, "pk": number})
        return reverse(PAGES.get(entry.target_type, f"{app}:{kind}-detail"), args=[number])
    except NoReverseMatch:
        return ""
