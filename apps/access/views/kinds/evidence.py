"""What happened: exposures and drills."""

from django.db.models import Q

from apps.access.forms import ending, evidence
from apps.access.models import Drill, Exposure
from apps.access.selectors import evidence as evidence_rows
from apps.access.services import evidence as evidence_services
from apps.access.views.facts_shown import choice, moment, reference, references, text
from apps.access.views.kinds.kind import (
    VENDOR,
    Attribute,
    Ending,
    Kind,
    equal,
    is_past,
    past,
    state,
)
from apps.core.models import Keyed
from apps.engine.values import ExposureKind


def _targets(exposure: Exposure) -> list[Keyed]:
    rows = exposure.targets.all()
    ends = [row.environment or row.deployment or row.credential for row in rows]
    return [end for end in ends if end is not None]


EXPOSURES = Kind(
    model=Exposure,
    noun="exposure",
    plural="exposures",
    title="Exposures",
    about="Leaks: what each names can be guessed or used by strangers until it is closed.",
    rows=evidence_rows.exposures_visible_to,
    form=evidence.ExposureForm,
    create=evidence_services.create_exposure,
    change=evidence_services.change_exposure,
    delete=evidence_services.delete_exposure,
    argument="exposure",
    attributes=(
        Attribute("kind", "What leaked", choice("kind"), ("kind",)),
        Attribute("targets", "Names", references(_targets, "")),
        Attribute("seen_at", "Seen", moment("seen_at", ""), ("seen_at",)),
        Attribute("closed_at", "Closed", moment("closed_at", "still open"), ("closed_at",)),
        Attribute("note", "Note", text(lambda fact: fact.note, "none"), listed=False),
    ),
    filters=(
        equal("kind", "What leaked", ExposureKind),
        state(
            "State",
            {
                "open": ("Open", lambda: ~past("closed_at")()),
                "closed": ("Closed", past("closed_at")),
            },
        ),
    ),
    ending=Ending(
        "Close",
        "was closed",
        "What leaked is of no use any more: the address moved, the key was replaced.",
        evidence_services.close_exposure,
        is_over=is_past("closed_at"),
    ),
    narrowed_by=("targets__environment", "targets__deployment", "targets__credential"),
)
DRILLS = Kind(
    model=Drill,
    noun="drill",
    plural="drills",
    title="Drills",
    about="Rehearsed revocations, from the order to the proof that the path is dead.",
    rows=evidence_rows.drills_visible_to,
    form=evidence.DrillForm,
    create=evidence_services.create_drill,
    change=evidence_services.change_drill,
    delete=evidence_services.delete_drill,
    argument="drill",
    attributes=(
        VENDOR,
        Attribute("model", "Model", reference("model", ""), ("model__name",)),
        Attribute("started_at", "Ordered", moment("started_at", ""), ("started_at",)),
        Attribute(
            "confirmed_at", "Confirmed", moment("confirmed_at", "not yet"), ("confirmed_at",)
        ),
        Attribute("evidence", "Evidence", text(lambda fact: fact.evidence, "none"), listed=False),
    ),
    filters=(
        state(
            "State",
            {
                "open": ("Not confirmed", lambda: Q(confirmed_at=None)),
                "confirmed": ("Confirmed", lambda: Q(confirmed_at__isnull=False)),
            },
        ),
    ),
    ending=Ending(
        "Confirm",
        "was confirmed",
        "The path was proven dead.",
        evidence_services.confirm_drill,
        ending.ConfirmForm,
        lambda fact: fact.confirmed_at is not None,
    ),
    narrowed_by=("model",),
)
