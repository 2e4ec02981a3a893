"""The time zones that somebody may choose from, read from the machine once."""

from functools import cache
from itertools import groupby
from typing import Any
from zoneinfo import available_timezones

_NO_REGIONS = {"Etc", "SystemV", "posix", "right"}


@cache
def known_zones() -> frozenset[str]:
    """The name of every zone."""
    return frozenset(available_timezones())


@cache
def zone_choices() -> tuple[Any, ...]:
    """The zones of the world as choices: UTC, and each region's by their own names."""
    cities = sorted(zone for zone in known_zones() if "/" in zone)
    regions = [
        (region, [(zone, zone.partition("/")[2].replace("_", " ")) for zone in zones])
        for region, zones in groupby(cities, key=lambda zone: zone.partition("/")[0])
        if region not in _NO_REGIONS
    ]
    return (("UTC", "UTC"), *regions)
