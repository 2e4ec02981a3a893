"""What findings share: the hop that lacks the control, by rule, or what they are about."""

from typing import Any

import pytest

from apps.engine.analysis import tables_from_graph
from apps.engine.arrays.subjects import places_of
from apps.engine.causes import Places, cause_of, hop_of
from apps.engine.values import (
    Certainty,
    Environment,
    EnvironmentKind,
    Finding,
    Graph,
    Hop,
    Purpose,
    Severity,
    Vendor,
    VendorKind,
    Witness,
)

HOME = Hop("enters", "identity:contractor", "environment:laptops")
LAB = Hop("enters", "identity:contractor", "environment:lab")
EGRESS = Hop("internet_egress", "environment:lab", "internet")
GATE = Hop("connects", "internet", "environment:gateway")
INNER = Hop("connects", "environment:gateway", "environment:host")
ANNEX = Hop("jumps", "environment:laptops", "environment:annex")
HELD = Hop("holds", "environment:lab", "credential:key")
GRANT = Hop("grants", "credential:key", "deployment:d")
ADMIN = Hop("administers", "identity:bot", "environment:gateway")
ROUTE = Witness((HOME, LAB), (EGRESS, GATE, INNER), (HOME, LAB, HELD, GRANT))
PLACES = Places(
    vendor={
        "environment:laptops": "staffing",
        "environment:annex": "staffing",
        "environment:lab": "bank",
        "environment:gateway": None,
        "environment:host": None,
    },
    purpose={
        "environment:laptops": "corporate",
        "environment:lab": "evaluation",
        "environment:gateway": "production",
        "environment:host": "production",
    },
)


def finding(rule: str, witness: Witness = ROUTE, **subject: str) -> Finding:
    about = subject or {"environment": "laptops", "deployment": "d"}
    proven = Certainty.PROVEN
    return Finding(rule, proven, Severity.HIGH, about, "print", "It.", "Do it.", witness)


@pytest.mark.parametrize(
    ("rule", "hop"),
    [
        ("RT-01", LAB),
        ("RT-02", GATE),
        ("RT-03", LAB),
        ("RT-04", HELD),
        ("RT-05", GRANT),
        ("RT-06", HELD),
        ("RT-13", HOME),
        ("RT-14", LAB),
        ("RT-17", LAB),
        ("RT-18", GRANT),
        ("RT-20", GATE),
    ],
)
def test_the_cause_is_the_hop_that_the_control_belongs_on(rule: str, hop: Hop) -> None:
    assert hop_of(finding(rule), PLACES) == hop
    assert cause_of(finding(rule), PLACES) == f"{hop.relation} {hop.from_} {hop.to}"


def test_many_behind_one_connection_share_their_cause() -> None:
    behind = [
        finding(
            "RT-01",
            Witness((), (Hop("connects", f"environment:{key}", "environment:gateway"), INNER)),
            environment=key,
            deployment="d",
        )
        for key in ("a", "b")
    ]
    through = [
        finding(
            "RT-02",
            Witness((), (EGRESS._replace(from_=f"environment:{key}"), GATE, INNER)),
            environment=key,
            deployment="d",
        )
        for key in ("a", "b", "c")
    ]
    assert len({cause_of(one, PLACES) for one in behind}) == 2, "each has a connection of its own"
    assert {cause_of(one, PLACES) for one in through} == {"connects internet environment:gateway"}


@pytest.mark.parametrize(
    ("rule", "witness", "hop"),
    [
        ("RT-01", Witness((ANNEX,), (INNER,)), ANNEX),
        ("RT-01", Witness((HOME,), (INNER,)), INNER),
        ("RT-01", Witness((), (INNER,)), INNER),
        ("RT-03", Witness((), (INNER,)), INNER),
        ("RT-02", Witness((HOME, LAB), ()), LAB),
        ("RT-04", Witness((), (INNER,)), INNER),
        ("RT-08", Witness((HOME, ADMIN), ()), ADMIN),
        ("RT-12", Witness((), (), (HELD, GRANT)), HELD),
    ],
)
def test_where_a_route_lacks_the_place_the_next_best_stands_for_it(
    rule: str, witness: Witness, hop: Hop
) -> None:
    subject: dict[str, Any] = {"environment": "gateway", "deployment": "d"}
    if rule == "RT-01" and witness.access:
        subject = {"environment": "laptops", "deployment": "d"}
    assert hop_of(finding(rule, witness, **subject), PLACES) == hop


def test_without_a_route_the_cause_is_the_subject() -> None:
    assert cause_of(finding("RT-09", Witness(), deployment="d"), PLACES) == "deployment:d"
    both = finding("RT-12", Witness(), vendor="v", model="m")
    assert cause_of(both, PLACES) == "vendor:v model:m"


def test_places_are_taken_from_the_tables() -> None:
    sandbox = (EnvironmentKind.SANDBOX, Purpose.RESEARCH)
    graph = Graph(
        vendors=(Vendor("v", VendorKind.PARTNER),),
        environments=(Environment("a", *sandbox, "v"), Environment("b", *sandbox)),
    )
    places = places_of(tables_from_graph(graph))
    assert places.vendor == {"environment:a": "v", "environment:b": None}
    assert places.purpose["environment:a"] == places.purpose["environment:b"]
