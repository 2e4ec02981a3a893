"""Relative times of the demo's files."""

from datetime import UTC, datetime

import pytest

from apps.access.demo.organisations import key_of
from apps.access.demo.times import Instants

INSTANTS = Instants(
    now=datetime(2026, 3, 4, 15, 20, tzinfo=UTC), scan=datetime(2026, 2, 25, 15, 20, tzinfo=UTC)
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("today", "2026-03-04T00:00:00+00:00"),
        ("today-4d", "2026-02-28T00:00:00+00:00"),
        ("today+30d", "2026-04-03T00:00:00+00:00"),
        ("today-9d+13h20m", "2026-02-23T13:20:00+00:00"),
        ("today+0d", "2026-03-04T00:00:00+00:00"),
        ("scan-10m", "2026-02-25T15:10:00+00:00"),
        ("scan-1h30m", "2026-02-25T13:50:00+00:00"),
    ],
)
def test_a_time_counts_from_its_anchor(text: str, meant: str) -> None:
    assert INSTANTS.at(text).isoformat() == meant


@pytest.mark.parametrize("text", ["", "now-1d", "today-4", "today4d", "today-4w", "2026-03-04"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no relative time"):
        INSTANTS.at(text)


def test_what_is_ahead_is_ahead_of_the_scan_not_of_the_loading() -> None:
    assert INSTANTS.is_ahead("today-3d")
    assert not INSTANTS.is_ahead("today-8d")
    assert INSTANTS.days_since("today-8d") == 8


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Radka Nováčková", "radka-novackova"),
        ("Henrik Mosbæk", "henrik-mosbaek"),
        ("Esmé van Houten", "esme-van-houten"),
        ("Amadou Diallo-Sy", "amadou-diallo-sy"),
    ],
)
def test_a_name_makes_a_key(name: str, key: str) -> None:
    assert key_of(name) == key
