"""Who must not take which step of an acceptance, whatever their roles allow."""

from apps.findings.lifecycle import Step
from apps.findings.models import Acceptance

DECISIONS = frozenset({Step.TAKE_UP, Step.APPROVE, Step.SIGN, Step.DECLINE})


def refusal(step: Step, person: int, acceptance: Acceptance) -> str:
    """Why the person of this number must not take the step, as a sentence; empty when they may."""
    if step in DECISIONS and person == acceptance.proposed_by_id:
        return "You proposed this acceptance: somebody else decides."
    if step is Step.APPROVE and person == acceptance.signed_by_id:
        return "You signed as custodian: another person approves."
    if step is Step.SIGN and person == acceptance.approved_by_id:
        return "You approved it: another person signs as custodian."
    if step is Step.WITHDRAW and person != acceptance.proposed_by_id:
        return "Only whoever proposed an acceptance withdraws it."
    return ""


def is_out_of_turn(step: Step, acceptance: Acceptance) -> str:
    """Why the step has no place, though its standing would allow it; empty when it has."""
    if step is Step.APPROVE and acceptance.approved_by_id is not None:
        return "It is approved already, and waits for the custodian's signature."
    if step is Step.SIGN and acceptance.signed_by_id is not None:
        return "The custodian has signed it already."
    if step is Step.SIGN and not acceptance.needs_custodian:
        return "This finding needs no custodian's signature."
    return ""
