"""Which moves there are: of a finding's treatment, and of an acceptance of its risk. Pure tables.

What a finding *is* (open or closed) says the scan alone. Its treatment says what is done about it;
the last two stages belong to findings that a scan no longer gives.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

S = TypeVar("S", bound=StrEnum)
M = TypeVar("M", bound=StrEnum)

Moves = Mapping[M, tuple[frozenset[S], S]]
"""For each move the stages it starts from, and the one it leads to."""


class Stage(StrEnum):
    """How far the treatment of a finding has come."""

    OPEN = "open"
    PLANNED = "planned"
    FIX_CLAIMED = "fix_claimed"
    VERIFIED = "verified"
    CLOSED = "closed"


GIVEN = frozenset({Stage.OPEN, Stage.PLANNED, Stage.FIX_CLAIMED})
"""The stages of a finding that the facts still give: nobody can close it."""

GONE = frozenset({Stage.VERIFIED, Stage.CLOSED})


class Move(StrEnum):
    """What can happen to a treatment; the last three are made by scans alone."""

    PLAN = "plan"
    UNPLAN = "unplan"
    CLAIM = "claim"
    DISPUTE = "dispute"
    CLOSE = "close"
    VERIFY = "verify"
    DISAPPEAR = "disappear"
    RECUR = "recur"


BY_SCANS = frozenset({Move.VERIFY, Move.DISAPPEAR, Move.RECUR})

TREATMENT: Moves[Move, Stage] = {
    Move.PLAN: (frozenset({Stage.OPEN, Stage.PLANNED}), Stage.PLANNED),
    Move.UNPLAN: (frozenset({Stage.PLANNED}), Stage.OPEN),
    Move.CLAIM: (frozenset({Stage.OPEN, Stage.PLANNED}), Stage.FIX_CLAIMED),
    Move.DISPUTE: (frozenset({Stage.FIX_CLAIMED}), Stage.PLANNED),
    Move.CLOSE: (frozenset({Stage.VERIFIED}), Stage.CLOSED),
    Move.VERIFY: (frozenset({Stage.FIX_CLAIMED}), Stage.VERIFIED),
    Move.DISAPPEAR: (GIVEN, Stage.CLOSED),
    Move.RECUR: (GONE, Stage.OPEN),
}


class Standing(StrEnum):
    """How an acceptance stands. Only *active* quietens a finding."""

    PROPOSED = "proposed"
    UNDER_REVIEW = "under_review"
    ACTIVE = "active"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REVOKED = "revoked"


PENDING = frozenset({Standing.PROPOSED, Standing.UNDER_REVIEW})
LIVE = PENDING | {Standing.ACTIVE}


class Step(StrEnum):
    """What can happen to an acceptance. ``ACTIVATE`` follows from the last signature."""

    TAKE_UP = "take_up"
    APPROVE = "approve"
    SIGN = "sign"
    ACTIVATE = "activate"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    REVOKE = "revoke"
    EXPIRE = "expire"


_REVIEWED = frozenset({Standing.UNDER_REVIEW})
_IN_FORCE = frozenset({Standing.ACTIVE})

ACCEPTANCE: Moves[Step, Standing] = {
    Step.TAKE_UP: (frozenset({Standing.PROPOSED}), Standing.UNDER_REVIEW),
    Step.APPROVE: (_REVIEWED, Standing.UNDER_REVIEW),
    Step.SIGN: (_REVIEWED, Standing.UNDER_REVIEW),
    Step.ACTIVATE: (_REVIEWED, Standing.ACTIVE),
    Step.DECLINE: (_REVIEWED, Standing.DECLINED),
    Step.WITHDRAW: (PENDING, Standing.WITHDRAWN),
    Step.REVOKE: (_IN_FORCE, Standing.REVOKED),
    Step.EXPIRE: (_IN_FORCE, Standing.EXPIRED),
}


def after(moves: Moves[M, S], move: M, before: S) -> S | None:
    """Where ``move`` leads from ``before``; none when it cannot be made from there."""
    starts, end = moves[move]
    return end if before in starts else None
