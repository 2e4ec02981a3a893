"""What each role is for and what it never does, in sentences for people."""

from typing import NamedTuple

from apps.accounts.choices import Role


class RoleWords(NamedTuple):
    """``may`` goes on from "may", ``never`` from "may never"."""

    may: str
    never: str


ROLE_WORDS: dict[Role, RoleWords] = {
    Role.REQUESTER: RoleWords(
        "open a case, state the need, see the result, propose an acceptance",
        "review or approve their own request",
    ),
    Role.ANALYST: RoleWords(
        "scope and send reviews, raise findings, edit the register and the access graph",
        "be the final approver",
    ),
    Role.REVIEWER: RoleWords(
        "judge answers and recommend",
        "review what they wrote or requested themselves",
    ),
    Role.RESPONDENT: RoleWords(
        "answer for their own vendor, upload, delegate, see shared notes and its own findings",
        "see weights, tiers, internal notes or other vendors, or make a reviewer's move",
    ),
    Role.MANAGER: RoleWords(
        "decide, and export reports",
        "approve their own request, or override without a reason",
    ),
    Role.CUSTODIAN: RoleWords(
        "sign for the models they keep, and order revocation drills",
        "sign for a route that they use",
    ),
    Role.AUDITOR: RoleWords("read everything, the log included", "write anything"),
    Role.INTEGRATION: RoleWords(
        "read scores, and push facts and logs, by a key of its own",
        "approve, accept or delete, or sign in with a password",
    ),
    Role.ADMINISTRATOR: RoleWords(
        "manage people, templates and settings",
        "override silently: each override is logged and shown",
    ),
}
