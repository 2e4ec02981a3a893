"""Background work on the access graph. Every task may run twice, or never: the rows remember."""

from celery import shared_task

from apps.access.models.runs import RunReason
from apps.access.services import analysis, imports
from apps.accounts import policy
from apps.audit import selectors as audit


@shared_task
def take_up_scans() -> None:
    """Carry out queued scans, and those that a killed worker left."""
    analysis.take_up_scans()


@shared_task
def scan_on_schedule() -> None:
    """Ask for a scan because time has passed: permissions expire without anybody doing anything."""
    analysis.request_scan(actor=policy.system_actor(), reason=RunReason.SCHEDULE)


@shared_task
def facts_changed(*, entry_number: int) -> None:
    """Ask for a scan because the log says that somebody changed a fact of the register."""
    entry = audit.entries().select_related("actor").get(number=entry_number)
    actor = entry.actor or policy.system_actor()
    analysis.request_scan(actor=actor, reason=RunReason.FACTS_CHANGED)


@shared_task
def take_up_imports() -> None:
    """Check and apply what was uploaded, and what a killed worker left."""
    imports.take_up_imports()


@shared_task
def sweep_imports() -> None:
    """Give up old imports that nobody applied, and delete files of no more use."""
    imports.sweep_imports()
