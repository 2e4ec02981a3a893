"""A document with every kind of fact, and how tests import and export."""

import json
from datetime import datetime
from typing import Any

import pytest

from apps.access.services.interchange import ImportReport, export_graph, import_graph
from apps.accounts.models import User
from tests.engine.documents import VENDOR, small, text

PAST = "2026-01-01T00:00:00Z"

EVERYTHING = small(
    vendors=[VENDOR, {"key": "bolt", "kind": "contractor", "engaged_by": "acme"}],
    allowlist=[
        {
            "key": "entry",
            "model": "m",
            "purpose": "production",
            "vendor": "acme",
            "environment": "lab",
            "approved_by": "ann",
        }
    ],
    holds=[{"from": "lab", "to": "token"}],
    enters=[{"from": "ann", "to": "lab"}],
    member_of=[{"from": "ann", "to": "team"}],
    jumps=[{"from": "lab", "to": "host"}],
    connects=[
        {"from": "internet", "to": "host", "deployments": ["d"]},
        {"from": "lab", "to": "host"},
    ],
    grants=[{"from": "credential:token", "to": "d"}, {"from": "identity:team", "to": "d"}],
    administers=[{"from": "ann", "to": "environment:host"}, {"from": "ann", "to": "deployment:d"}],
    exposures=[
        {
            "key": "x",
            "kind": "name",
            "targets": ["deployment:d", "environment:lab", "credential:token"],
            "seen_at": PAST,
        }
    ],
    drills=[{"key": "r", "vendor": "acme", "model": "m", "started_at": PAST}],
    contracts=[
        {"key": "k", "vendor": "acme", "starts_on": "2026-01-01", "subcontractors": ["bolt"]}
    ],
)


def imported(actor: User, value: Any, **options: Any) -> ImportReport:
    report = import_graph(actor=actor, text=text(value), **options)
    assert report.faults == ()
    return report


def exported(actor: User) -> dict[str, Any]:
    value: dict[str, Any] = json.loads("".join(export_graph(actor=actor)))
    return value


def at(monkeypatch: pytest.MonkeyPatch, now: datetime) -> None:
    """From here on it is another time, for imports."""
    monkeypatch.setattr("apps.access.services.interchange.timezone.now", lambda: now)
