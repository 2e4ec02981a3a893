"""The same treatment for many findings, each by the rules that hold for one."""

from collections.abc import Collection
from datetime import date
from typing import NamedTuple

from django.db import transaction

from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.policy import UNSET, Unset
from apps.accounts.roles import Perm
from apps.core.errors import DomainError, InvalidError
from apps.findings.lifecycle import Move
from apps.findings.models import Finding
from apps.findings.selectors import findings_visible_to
from apps.findings.services.treatment import assign_finding, change_due, treat_finding

MOST = 500


class Outcome(NamedTuple):
    """How many findings were treated, and of the others the number and the reason."""

    done: int
    refused: list[tuple[int, str]]


def treat_findings(
    *,
    actor: User,
    numbers: Collection[int],
    owner: User | Unset | None = UNSET,
    due_on: date | None = None,
    plan: bool = False,
    note: str = "",
) -> Outcome:
    """Assign, date and plan the findings of these numbers; what is left out stays as it is.

    Each finding is a write of its own: done whole, or refused with the reason while the others go
    on. Raises NotAllowedError, and InvalidError for nothing to do or too many at once.
    """
    policy.require(actor, Perm.TREAT_FINDING)
    if owner is UNSET and due_on is None and not plan:
        raise InvalidError("Nothing was changed: choose an owner, a due date or a plan.")
    if not numbers:
        raise InvalidError("Nothing was changed: tick the findings that are meant.")
    if len(numbers) > MOST:
        raise InvalidError(f"Nothing was changed: at most {MOST} findings at once.")
    found = {f.pk: f for f in findings_visible_to(actor).filter(pk__in=numbers)}
    done, refused = 0, [(n, "There is no such finding.") for n in numbers if n not in found]
    for number in sorted(found):
        try:
            _treat(actor, found[number], owner, due_on, plan=plan, note=note)
        except DomainError as error:
            refused.append((number, str(error)))
        else:
            done += 1
    return Outcome(done, refused)


@transaction.atomic
def _treat(
    actor: User,
    finding: Finding,
    owner: User | Unset | None,
    due_on: date | None,
    *,
    plan: bool,
    note: str,
) -> None:
    if owner is not UNSET:
        assign_finding(actor=actor, finding=finding, owner=owner)
    if due_on is not None:
        change_due(actor=actor, finding=finding, due_on=due_on, reason=note)
    if plan:
        treat_finding(actor=actor, finding=finding, move=Move.PLAN, note=note)
