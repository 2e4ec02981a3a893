"""The one thing that this app writes: that somebody wants the log checked."""

from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.audit import services as audit
from apps.audit.models import Verification


def request_verification(*, actor: User) -> Verification:
    """Ask for a check of the whole chain of the log; one that waits or runs is given back."""
    policy.require(actor, Perm.VIEW_AUDIT_LOG)
    return audit.request_verification(actor=actor)
