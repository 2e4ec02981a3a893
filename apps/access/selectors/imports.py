"""Imports and what was wrong with them, for those who may import: they are about every vendor."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from apps.access.models import ImportFault, ImportRun
from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.core.errors import NotFoundError


def may_import(user: User | AnonymousUser) -> bool:
    """Whether ``user`` may import documents: about every vendor and our own organisation."""
    return policy.may(user, Perm.IMPORT_GRAPH, vendor=None)


def imports_visible_to(user: User | AnonymousUser) -> QuerySet[ImportRun]:
    """Every import, the latest first, for those who may import."""
    rows = ImportRun.objects.select_related("actor", "applied_by", "scan").order_by("-id")
    return rows if may_import(user) else rows.none()


def import_for(user: User, number: int) -> ImportRun:
    """One import by its number; NotFoundError when there is none, or it is not theirs to see."""
    run = imports_visible_to(user).filter(pk=number).first()
    if run is None:
        raise NotFoundError(f"There is no import {number}, or it is not yours to see.")
    return run


def faults_of(user: User, run: ImportRun) -> QuerySet[ImportFault]:
    """What is wrong with a document, in its order; nothing for those who may not import."""
    return run.faults.order_by("number") if may_import(user) else run.faults.none()
