"""When somebody who keeps failing to sign in has to wait, and until when.

Attempts are rows, so that every web process counts the same ones. The last so many minutes count,
for an account (whether it exists or not) and for the network that the attempts come from.
"""

from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import NamedTuple

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac

from apps.accounts.models import SignInAttempt


class Lock(NamedTuple):
    """Who has to wait, "account" or "address", and until when."""

    by: str
    until: datetime


def account_key(email: str) -> str:
    """What was typed as an address, hashed with the secret key: people type passwords there."""
    typed = email.strip().lower()
    return salted_hmac("accounts.attempt", typed, algorithm="sha256").hexdigest()


def network_key(address: str) -> str:
    """One address of version 4, or the 64 bits that one subscriber has of version 6."""
    found = ip_address(address)
    return str(ip_network((found, 64 if found.version == 6 else 32), strict=False))


def window() -> timedelta:
    """How long an attempt counts."""
    return timedelta(minutes=settings.SIGN_IN_LOCK_MINUTES)


def lock_of_account(account: str) -> Lock | None:
    """Whether no more attempts are taken for this account now."""
    rows = SignInAttempt.objects.filter(account=account)
    return _lock("account", rows, settings.SIGN_IN_FAILURES_OF_ACCOUNT)


def lock_of(account: str, network: str) -> Lock | None:
    """Whether no more attempts are taken for this account, or from this network."""
    of_account = lock_of_account(account)
    rows = SignInAttempt.objects.filter(network=network)
    of_network = _lock("address", rows, settings.SIGN_IN_FAILURES_OF_ADDRESS)
    return max(filter(None, (of_account, of_network)), key=lambda lock: lock.until, default=None)


def _lock(by: str, rows: QuerySet[SignInAttempt], most: int) -> Lock | None:
    """The attempt that has to leave the window before another one is taken."""
    counted = rows.filter(at__gt=timezone.now() - window()).order_by("-at")
    at = counted.values_list("at", flat=True)[most - 1 : most].first()
    return Lock(by, at + window()) if at else None
