"""Loads the demo portfolio with its history, and opens accounts for the people who look at it."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from apps.access.demo.portfolio import Step, documents, steps
from apps.access.models import ImportRun, ImportState, ScanRun
from apps.access.models.runs import RunState
from apps.access.selectors.graph_tables import TABLES
from apps.access.services.analysis import scan_now
from apps.access.services.interchange import import_graph
from apps.accounts import policy
from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.accounts.services import people as accounts
from apps.audit import services as audit
from apps.core.errors import ConflictError
from apps.vendors import selectors as vendors

DOMAIN = "tarn-labs.example"
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another


@dataclass(frozen=True)
class Person:
    """Somebody who looks at the demo. With ``vendors`` they see those alone, else everything."""

    name: str
    role: Role
    vendors: tuple[str, ...] = ()

    @property
    def email(self) -> str:
        return f"{self.name.lower().replace(' ', '.')}@{DOMAIN}"


PEOPLE = (
    Person("Maya Okafor", Role.ANALYST),
    Person("Linh Tran", Role.ANALYST, vendors=("halden-mutual", "brackmere")),
    Person("Sana Lindqvist", Role.REVIEWER),
    Person("Idris Vale", Role.MANAGER),
    Person("Noor Haddad", Role.CUSTODIAN),
    Person("Kwame Boadu", Role.REQUESTER),
    Person("Piotr Zielony", Role.AUDITOR),
    Person("Beatriz Amaral", Role.ADMINISTRATOR),
)


@dataclass(frozen=True)
class Account:
    """A person with the password that was made for them; it is stored nowhere else."""

    person: Person
    password: str


@transaction.atomic
def load_demo(*, actor: User, now: datetime | None = None) -> list[Account]:
    """Import the portfolio step by step, scan it at each past one, and open the accounts.

    The scan of the last step is left to the worker, as after any import. Everything is loaded or
    nothing; no account is opened where the demo is loaded already. Raises ConflictError where
    other facts are, and in production.
    """
    policy.require(actor, Perm.IMPORT_GRAPH)
    if settings.PRODUCTION:
        raise ConflictError(
            "This is a production installation, and the demo is made of invented facts and people. "
            "Load it into an installation of its own."
        )
    loaded = ImportRun.objects.filter(state=ImportState.APPLIED)
    if loaded.filter(name=_import_name(steps()[-1])).exists():
        return []
    if any(table.model._base_manager.exists() for table in TABLES.values()):
        raise ConflictError(
            "This database has facts already, and the demo would mix with them. Load it into an "
            "empty one: VENDORRISK_VAR_DIR=another-folder scripts/run"
        )
    now = now or timezone.now()
    for step, document in documents(now=now):
        if not step.days_ago:
            _withdraw_scan(actor)
        report = import_graph(actor=actor, text=json.dumps(document), name=_import_name(step))
        if report.faults:
            raise ConflictError(f"The demo has a fault: {report.faults[0].message}")
        if step.days_ago:
            scan_now(actor=actor, now=step.scan_time(now))
    return [_open_account(actor, person) for person in PEOPLE]


def _withdraw_scan(actor: User) -> None:
    """Past imports asked for a scan of the present, and have been scanned as of then instead.

    Without it the scan that the last import asks for would join that one, and be numbered before
    all others.
    """
    for run in ScanRun.objects.filter(state=RunState.QUEUED):
        audit.record(actor=actor, action="scan.withdrawn", target=run)
        run.delete()


def _import_name(step: Step) -> str:
    return f"Demo: {step.title}"[:255]


def _open_account(actor: User, person: Person) -> Account:
    password = "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))
    user = accounts.create_user(
        actor=actor,
        email=person.email,
        name=person.name,
        roles=[person.role],
        all_vendors=not person.vendors,
        password=password,
    )
    for vendor in vendors.vendors_visible_to(actor).filter(key__in=person.vendors):
        accounts.grant_vendor(actor=actor, user=user, vendor=vendor)
    return Account(person, password)
