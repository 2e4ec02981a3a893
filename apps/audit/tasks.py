"""Background work on the log. May run twice, or never: the rows remember."""

from celery import shared_task

from apps.audit import selectors, services


@shared_task
def verify_log(*, number: int) -> None:
    """Carry out a check of the chain that somebody asked for."""
    asked = selectors.verifications().get(pk=number)
    services.verify_log(actor=asked.requested_by, number=number)
