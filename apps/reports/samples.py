"""What the style guide shows: invented facts, made up in memory, as the real pages would give them.

Nothing here is stored, and nothing of the register is read.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple

from django import forms
from django.core.paginator import Page, Paginator

from apps.access.models import ReachChange, ScanRun
from apps.access.models.runs import RunState
from apps.access.pictures import charts, strip, tall, wide
from apps.access.pictures.hops import HopGroup, HopRow, Part
from apps.access.pictures.questions import Question
from apps.access.pictures.route import (
    Call,
    Gate,
    Hop,
    Owner,
    OwnerKind,
    Route,
    Station,
    Step,
    Tag,
    Terminal,
)
from apps.access.pictures.telling import Picture, Strip
from apps.access.selectors.overview import Cell, ModelBar
from apps.access.selectors.reach import VerdictCounts
from apps.access.selectors.runs import Change
from apps.core.errors import StaleError
from apps.core.forms import DomainForm, EnumChoiceField, KeyField, YesNoField
from apps.core.lists import Column, Head
from apps.engine.values import VendorKind
from apps.findings.models import Finding
from apps.findings.tellers import Told
from apps.vendors.models import Vendor

NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
OWN = Owner("own", "Tarn Labs", "our own organisation", OwnerKind.OWN)
VENDOR = Owner("vendor:1", "Brightpath Staffing", "contractor, engaged by Northgate Bank")
PARTNER = Owner("vendor:2", "Northgate Bank", "partner")


class Sample(NamedTuple):
    """A component in one of its states: what the state is called, and what it is given."""

    name: str
    given: Any


def _station(key: str, name: str, icon: str, owner: Owner, **more: Any) -> Station:
    return Station(f"environment:{key}", name, key, icon, owner, **more)


def route(*, possible: bool) -> Route:
    """The back door: a contractor's laptops through a partner's laboratory."""
    lab = _station("ng-lab", "Northgate red-team lab", "flask", PARTNER)
    gate = _station("eval-gateway", "Evaluation gateway", "router", OWN, is_gateway=True)
    key = Station(
        "credential:ng-key",
        "Northgate key",
        "ng-key",
        "key",
        PARTNER,
        is_credential=True,
        tags=(Tag("AR-03 never expires"),),
    )
    call = (
        Call(
            2, "Nobody has stated", "May the lab reach the gateway?", "Taken as yes.", True, "gate"
        )
        if possible
        else Call(1, "No control on this hop", "AR-01 Per-partner allowlist", "Nobody admitted it.")
    )
    return Route(
        start=_station("bp-laptops", "Brightpath laptops", "device-laptop", VENDOR),
        shared=(Step(Hop(1, "enters"), lab),),
        network=(
            Step(
                Hop(2, "connects, not stated" if possible else "connects", possible=possible), gate
            ),
            Step(Hop(3, "connects, gated", "al-ng admits it", Gate.PASSED)),
        ),
        credential=(Step(Hop(4, "holds"), key), Step(Hop(5, "grants inference"))),
        terminal=Terminal(
            "Meridian",
            "M3",
            "evaluation deployment",
            "meridian-eval",
            "eval-inference",
            OWN,
            "Possibly usable" if possible else "Usable, unsegregated",
            "undetermined" if possible else "unsegregated",
            network=not possible,
            credential=True,
        ),
        call=call,
        title="Route: Brightpath laptops can use Meridian",
        description="Three hops by network and two by credential.",
    )


def picture(*, possible: bool) -> Picture:
    sample = route(possible=possible)
    keys = {"network", "credential", "passed", "possible" if possible else "missing"}
    return Picture(
        wide.draw(sample),
        tall.draw(sample),
        sample.title,
        sample.description,
        frozenset(keys),
        "5 hops",
    )


def _finding(severity: str, certainty: str, number: int) -> Finding:
    return Finding(
        pk=number,
        rule="RT-01",
        severity=severity,
        certainty=certainty,
        opened_at=NOON,
        vendor=Vendor(name="Brightpath Staffing"),
    )


def told(*, possible: bool) -> Told:
    return Told(
        _finding("critical", "possible" if possible else "proven", 1),
        "Brightpath laptops can use Meridian through Northgate red-team lab",
        "Unapproved reach",
        "AR-01",
        Strip(strip.draw(route(possible=possible)), "Laptops, lab, gateway, Meridian"),
    )


def run(state: str, **more: Any) -> ScanRun:
    counts = {"unsegregated": 2, "undetermined": 1, "segregated": 5}
    return ScanRun(pk=214, state=state, now=NOON, counts=counts, **more)


RUNS = [
    Sample("queued", run(RunState.QUEUED)),
    Sample("running", run(RunState.RUNNING, percent=40, step="Following every route")),
    Sample("finished", run(RunState.FINISHED, percent=100)),
    Sample("failed", run(RunState.FAILED)),
]


def bars() -> list[tuple[str, ModelBar, list[charts.Share]]]:
    """The verdict bar with few environments, with more, with many, with none."""
    few = [
        Cell("bp", "Brightpath laptops", "unsegregated"),
        Cell("cv", "Corvid cluster", "undetermined"),
        Cell("hx", "Helix tester", "segregated"),
    ]
    kinds = [
        ("few", VerdictCounts(1, 1, 1), few),
        ("tight", VerdictCounts(4, 4, 4), few * 4),
        ("many", VerdictCounts(120, 40, 900), []),
        ("none", VerdictCounts(), []),
    ]
    made = []
    for name, counts, cells in kinds:
        shares = charts.shares(counts) if counts.on_the_network else []
        made.append((name, ModelBar("meridian", "Meridian", "M3", counts, cells), shares))
    return made


def trend() -> Any:
    """Seven scans, one square for each environment."""
    runs = [run(RunState.FINISHED) for _ in range(7)]
    for index, item in enumerate(runs):
        item.now = NOON - timedelta(weeks=6 - index)
        item.counts = {
            "segregated": 4,
            "undetermined": int(index > 2),
            "unsegregated": max(index - 4, 0),
        }
    return charts.trend(runs)


def changes() -> list[Change]:
    pairs = [("none", "usable"), ("usable", "none"), ("network_only", "network_only")]
    verdicts = [(None, "unsegregated"), ("unsegregated", None), ("undetermined", "segregated")]
    return [
        Change(
            "Brightpath laptops",
            "Meridian evaluation",
            ReachChange(
                before=before, after=after, verdict_before=old, verdict_after=new, seen=True
            ),
        )
        for (before, after), (old, new) in zip(pairs, verdicts, strict=True)
    ]


def hop_groups() -> list[HopGroup]:
    missing = Call(1, "No control on this hop", "AR-01 Per-partner allowlist", "x", short="AR-01")
    asked = Call(2, "Nobody has stated", "May it reach the internet?", "x", possible=True)
    enters = (Part("bp-contractor", is_key=True), Part(" enters "), Part("ng-lab", is_key=True))
    egress = (
        Part("ng-lab", is_key=True),
        Part(" has egress: "),
        Part("not stated", is_unknown=True),
    )
    return [
        HopGroup(
            "How it gets there",
            (
                HopRow(1, enters, "observed", NOON, missing),
                HopRow(2, egress, "declared", NOON, asked),
                HopRow(3, (Part("eval-gateway", is_key=True),), "imported", NOON),
            ),
        )
    ]


def questions() -> list[Question]:
    return [Question(2, "May it reach the internet?", "Taken as yes until somebody says no.", "")]


@dataclass(frozen=True)
class Detail:
    label: str
    value: Any
    key: str = ""
    is_time: bool = False


DETAILS = [
    Detail("Name", "Northgate red-team lab", "ng-lab"),
    Detail("Ends", NOON, is_time=True),
    Detail("Managed", None),
]


class SampleForm(DomainForm):
    """Every kind of field."""

    name = forms.CharField(label="Name", help_text="As people call it.")
    key = KeyField(label="Key")
    kind = EnumChoiceField(VendorKind, label="Kind")
    managed = YesNoField(label="Managed devices")
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    agreed = forms.BooleanField(label="I have read it", required=False)


def sample_forms(actor: Any) -> list[Sample]:
    """A form that is empty, one that is wrong, one that somebody else overtook."""
    typed = {"wrong-name": "Lab", "wrong-key": "not a key!", "wrong-managed": "unknown"}
    wrong = SampleForm(typed, actor=actor, prefix="wrong")
    wrong.is_valid()
    stale: Any = SampleForm({"stale-name": "North Gate"}, actor=actor, prefix="stale")
    stale.stale = StaleError("Somebody else changed it meanwhile.", {"name": "Northgate"})
    stale.changed_by = "Maya Okafor"
    stale.differences = [SimpleNamespace(label="Name", stored="Northgate", typed="North Gate")]
    stale.full_clean()
    stale.errors.clear()
    stale.add_error(None, "Somebody else changed it since you began. Look at what differs.")
    return [
        Sample("empty", SampleForm(actor=actor, prefix="empty")),
        Sample("wrong", wrong),
        Sample("overtaken", stale),
    ]


HEADS = [
    Head(Column("name", "Vendor", ("name",)), "-name", "ascending"),
    Head(Column("kind", "Kind", ("kind",)), "kind", ""),
    Head(Column("note", "Note"), "", ""),
]


def page() -> "Page[int]":
    """The second of three pages."""
    return Paginator(range(120), 50).page(2)


MESSAGES = [
    Sample("info", SimpleNamespace(level_tag="info")),
    Sample("warning", SimpleNamespace(level_tag="warning")),
    Sample("error", SimpleNamespace(level_tag="error")),
]
