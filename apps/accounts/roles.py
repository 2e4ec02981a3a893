"""What each role may do: one table. Over whom is said by the user's scope, see ``policy``.

``docs/permissions.md`` is printed from here: ``manage.py document_permissions``.
"""

from enum import StrEnum

from apps.accounts.choices import Role


class Perm(StrEnum):
    """Everything that can be allowed, as ``<app>.<verb>_<noun>``."""

    ADD_VENDOR = "vendors.add_vendor"
    CHANGE_FACT = "access.change_fact"
    CHANGE_VENDOR = "vendors.change_vendor"
    COMMENT_FINDING = "findings.comment_finding"
    DECIDE_ACCEPTANCE = "findings.decide_acceptance"
    DELETE_FACT = "access.delete_fact"
    DELETE_VENDOR = "vendors.delete_vendor"
    EXPIRE_ACCEPTANCE = "findings.expire_acceptance"
    EXPORT_GRAPH = "access.export_graph"
    IMPORT_GRAPH = "access.import_graph"
    MANAGE_USERS = "accounts.manage_users"
    PROPOSE_ACCEPTANCE = "findings.propose_acceptance"
    RECORD_FINDINGS = "findings.record_findings"
    SIGN_ACCEPTANCE = "findings.sign_acceptance"
    START_SCAN = "access.start_scan"
    TREAT_FINDING = "findings.treat_finding"
    VIEW_AUDIT_LOG = "audit.view_audit_log"
    VIEW_FACT = "access.view_fact"
    VIEW_FINDING = "findings.view_finding"
    VIEW_RUN = "access.view_run"
    VIEW_VENDOR = "vendors.view_vendor"

    @property
    def words(self) -> str:
        """The permission in words, for a sentence: "change fact"."""
        return self.value.partition(".")[2].replace("_", " ")


READ_THE_PICTURE = frozenset(
    {Perm.VIEW_FACT, Perm.VIEW_FINDING, Perm.VIEW_RUN, Perm.VIEW_VENDOR},
)

ROLE_PERMISSIONS: dict[Role, frozenset[Perm]] = {
    # Opens a case and sees what came of it; the routes themselves are not theirs to read.
    Role.REQUESTER: frozenset({Perm.PROPOSE_ACCEPTANCE, Perm.VIEW_FINDING, Perm.VIEW_VENDOR}),
    # Owns the review: edits the register and the access graph.
    Role.ANALYST: READ_THE_PICTURE
    | {
        Perm.ADD_VENDOR,
        Perm.CHANGE_FACT,
        Perm.CHANGE_VENDOR,
        Perm.COMMENT_FINDING,
        Perm.DELETE_FACT,
        Perm.DELETE_VENDOR,
        Perm.EXPORT_GRAPH,
        Perm.IMPORT_GRAPH,
        Perm.PROPOSE_ACCEPTANCE,
        Perm.START_SCAN,
        Perm.TREAT_FINDING,
    },
    # Judges and recommends.
    Role.REVIEWER: READ_THE_PICTURE | {Perm.COMMENT_FINDING, Perm.PROPOSE_ACCEPTANCE},
    # Stays outside: nothing of the inside is theirs, be it about themselves.
    Role.RESPONDENT: frozenset(),
    # Decides; a proposal of their own is somebody else's to decide.
    Role.MANAGER: READ_THE_PICTURE
    | {Perm.COMMENT_FINDING, Perm.DECIDE_ACCEPTANCE, Perm.PROPOSE_ACCEPTANCE},
    # Signs for the models they are custodian of.
    Role.CUSTODIAN: READ_THE_PICTURE | {Perm.COMMENT_FINDING, Perm.SIGN_ACCEPTANCE},
    # Reads everything, the log included; writes nothing.
    Role.AUDITOR: READ_THE_PICTURE | {Perm.EXPORT_GRAPH, Perm.VIEW_AUDIT_LOG},
    # A machine that pushes facts; it never approves, accepts or deletes.
    Role.INTEGRATION: frozenset({Perm.IMPORT_GRAPH, Perm.START_SCAN, Perm.VIEW_RUN}),
    # Users and settings; sees what goes on, edits no facts.
    Role.ADMINISTRATOR: READ_THE_PICTURE
    | {Perm.MANAGE_USERS, Perm.START_SCAN, Perm.VIEW_AUDIT_LOG},
}

# What jobs and commands may do. Deleting and reading the log are for people.
SYSTEM_PERMISSIONS: frozenset[Perm] = READ_THE_PICTURE | {
    Perm.ADD_VENDOR,
    Perm.CHANGE_FACT,
    Perm.CHANGE_VENDOR,
    Perm.EXPIRE_ACCEPTANCE,
    Perm.EXPORT_GRAPH,
    Perm.IMPORT_GRAPH,
    Perm.MANAGE_USERS,
    Perm.RECORD_FINDINGS,
    Perm.START_SCAN,
}

# Each of these is somebody's only role: outside people and machines get nothing of the inside.
ALONE = frozenset({Role.INTEGRATION, Role.RESPONDENT})
