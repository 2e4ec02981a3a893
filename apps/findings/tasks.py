"""Background work on findings."""

from celery import shared_task

from apps.accounts import policy
from apps.findings.services import acceptances


@shared_task
def expire_acceptances() -> None:
    """End the acceptances whose last day is past. A second run finds nothing to do."""
    acceptances.expire_acceptances(actor=policy.system_actor())
