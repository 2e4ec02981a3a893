"""The limits that the rules measure against, by sensitivity; these are the defaults."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from apps.engine.values import Sensitivity


def _by(m3: timedelta, m4: timedelta) -> Mapping[Sensitivity, timedelta]:
    return {Sensitivity.M3: m3, Sensitivity.M4: m4}


@dataclass(frozen=True)
class Thresholds:
    """Longest times that still pass, for M3 and M4. Over means longer than."""

    human_session: Mapping[Sensitivity, timedelta] = field(
        default_factory=lambda: _by(timedelta(hours=12), timedelta(hours=4))
    )
    credential: Mapping[Sensitivity, timedelta] = field(
        default_factory=lambda: _by(timedelta(hours=1), timedelta(minutes=15))
    )
    drill_window: Mapping[Sensitivity, timedelta] = field(
        default_factory=lambda: _by(timedelta(days=183), timedelta(days=92))
    )
    revocation: Mapping[Sensitivity, timedelta] = field(
        default_factory=lambda: _by(timedelta(hours=1), timedelta(minutes=15))
    )
    permission: Mapping[Sensitivity, timedelta] = field(
        default_factory=lambda: _by(timedelta(days=90), timedelta(days=30))
    )


DEFAULT_THRESHOLDS = Thresholds()
RULESET = "v1"
"""Name of the rules and their default limits; stored with every run."""
