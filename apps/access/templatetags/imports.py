"""What an import changed, in words."""

from django import template

from apps.access.models import ImportRun

register = template.Library()


@register.filter
def sum_of_changes(run: ImportRun) -> str:
    """``12 new, 3 changed, 1 ended``; nothing where nothing changes."""
    added, changed, removed = (
        sum(counts.get(name, 0) for counts in run.changes.values())
        for name in ("added", "changed", "removed")
    )
    ended = int((run.shown or {}).get("ends", removed))
    told = ((added, "new"), (changed + removed - ended, "changed"), (ended, "ended"))
    return ", ".join(f"{count:,} {what}" for count, what in told if count)


@register.filter
def list_words(name: str) -> str:
    """A list of the document as a heading: ``Member of``."""
    return name.replace("_", " ").capitalize()
