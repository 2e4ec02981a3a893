"""Whose affair a finding is, and whether what it is about was looked at."""

from collections.abc import Callable, Mapping

import numpy as np

from apps.engine.arrays.acts import LiveFacts
from apps.engine.arrays.bits import Rows
from apps.engine.arrays.tables import Flags, Ints, Tables
from apps.engine.causes import Places

Subject = Mapping[str, str]


def vendor_of(tables: Tables) -> Callable[[Subject], str | None]:
    """From a finding's subject to the key of the vendor that it is filed under; none is our own.

    The vendor itself, else that of the environment, the identity or the allowlist entry.
    """

    def owners(keys: list[str], vendor: Ints) -> dict[str, str]:
        vendors = tables.vendors.keys
        return {key: vendors[v] for key, v in zip(keys, vendor.tolist(), strict=True) if v >= 0}

    by_field = {
        "environment": owners(tables.environments.keys, tables.environments.vendor),
        "identity": owners(tables.identities.keys, tables.identities.vendor),
        "entry": owners(tables.allowlist.keys, tables.allowlist.vendor),
    }

    def owner(subject: Subject) -> str | None:
        if "vendor" in subject:
            return subject["vendor"]
        for field, vendor in by_field.items():
            if field in subject:
                return vendor.get(subject[field])
        return None

    return owner


def places_of(tables: Tables) -> Places:
    """Whose each environment is and what for, to find the causes of findings."""
    environments, vendors = tables.environments, tables.vendors.keys
    names = [f"environment:{key}" for key in environments.keys]
    owners = [vendors[v] if v >= 0 else None for v in environments.vendor.tolist()]
    return Places(
        vendor=dict(zip(names, owners, strict=True)),
        purpose=dict(zip(names, environments.purpose.tolist(), strict=True)),
    )


class LiveSubjects:
    """Tells of a subject whether all it names was live, and so looked at, in an analysis."""

    def __init__(self, live: LiveFacts, deployments: Rows) -> None:
        tables = live.tables
        in_scope = np.zeros(len(tables.deployments.keys), dtype=np.bool_)
        in_scope[deployments] = True
        self._there: dict[str, set[str]] = {
            "environment": _keys(tables.environments.keys, live.environment),
            "identity": _keys(tables.identities.keys, live.identity),
            "credential": _keys(tables.credentials.keys, live.credential),
            "deployment": _keys(tables.deployments.keys, in_scope),
            "entry": _keys(tables.allowlist.keys, live.entry),
            "exposure": _keys(tables.exposures.keys, live.exposure),
            "vendor": set(tables.vendors.keys),
            "model": set(tables.models.keys),
        }

    def are_live(self, subject: Subject) -> bool:
        return all(key in self._there[field] for field, key in subject.items())


def _keys(keys: list[str], flags: Flags) -> set[str]:
    return {keys[row] for row in np.flatnonzero(flags).tolist()}
