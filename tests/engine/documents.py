"""Documents and facts for the tests of the interchange: small ones by hand, many by strategy."""

import json
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from apps.engine.document import DocumentError, Fault, read_document
from apps.engine.document_table import FORMAT
from apps.engine.merge import Plan, merge, validate_alone
from apps.engine.values import Graph

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)

VENDOR = {"key": "acme", "kind": "partner"}
LAB = {"key": "lab", "kind": "sandbox", "purpose": "evaluation", "vendor": "acme"}
HOST = {"key": "host", "kind": "production", "purpose": "production"}
ANN = {"key": "ann", "kind": "human", "vendor": "acme"}
TEAM = {"key": "team", "kind": "group", "vendor": "acme"}
TOKEN = {"key": "token", "identity": "ann", "kind": "api_key"}
MODEL = {"key": "m", "sensitivity": "M3"}
DEPLOYMENT = {"key": "d", "model": "m", "environment": "host", "purpose": "production"}
SMALL: dict[str, Any] = {
    "vendors": [VENDOR],
    "environments": [LAB, HOST],
    "identities": [ANN, TEAM],
    "credentials": [TOKEN],
    "models": [MODEL],
    "deployments": [DEPLOYMENT],
}


def document(**lists: Any) -> dict[str, Any]:
    """A document of these lists."""
    return {"format": FORMAT, **lists}


def small(**lists: Any) -> dict[str, Any]:
    """A document of one fact of each kind, with these lists besides or instead."""
    return document(**{**SMALL, **lists})


def text(value: Any) -> str:
    return json.dumps(value)


def graph_of(value: Any, now: datetime = NOW) -> Graph:
    """The graph of a document that is right."""
    return validate_alone(read_document(text(value)), now=now)


def plan_of(state: Graph, value: Any, now: datetime = NOW) -> Plan:
    return merge(state, read_document(text(value)), now=now)


def faults_in(value: Any, state: Graph | None = None, now: datetime = NOW) -> list[Fault]:
    """Every fault of a document: given as JSON text, as bytes or as what JSON would hold."""
    try:
        read = read_document(value if isinstance(value, str | bytes) else text(value))
        return list(merge(state or Graph(), read, now=now).faults)
    except DocumentError as error:
        return list(error.faults)


def the_fault(value: Any) -> Fault:
    """The one fault of a document."""
    faults = faults_in(value)
    assert len(faults) == 1, [fault.as_line() for fault in faults]
    return faults[0]


def places(faults: list[Fault]) -> list[tuple[str | None, int | None, str | None, str]]:
    """Where the faults lie and why: list, index, field, reason."""
    return [(fault.list, fault.index, fault.field, str(fault.reason)) for fault in faults]


def found(value: Any, state: Graph | None = None) -> list[Any]:
    """Where the faults of a document lie and why, in their order."""
    return places(faults_in(value, state))


# --- what a document says, however it is written -------------------------------------------------

# The defaults of the format, written down by hand: a second opinion on the table.
DEFAULTS: dict[str, dict[str, Any]] = {
    "vendors": {"engaged_by": None, "status": "active"},
    "environments": {
        "vendor": None,
        "internet_egress": "unknown",
        "internet_exposed": "unknown",
        "managed_endpoints": "unknown",
        "inventory": "unknown",
        "status": "active",
    },
    "identities": {"vendor": None, "mfa": "unknown", "status": "active"},
    "credentials": {
        "issued_at": None,
        "expires_at": None,
        "revoked_at": None,
        "engagements": [],
        "production_grade": False,
    },
    "models": {"custodian": None},
    "deployments": {"logging": "unknown", "log_names_identity": "unknown"},
    "allowlist": {
        "vendor": None,
        "environment": None,
        "requested_by": None,
        "approved_by": None,
        "approved_at": None,
        "expires_at": None,
    },
    "holds": {},
    "enters": {"requires_approval": "unknown"},
    "member_of": {},
    "jumps": {},
    "connects": {"deployments": None, "enforces_allowlist": "unknown"},
    "grants": {"depth": "inference"},
    "administers": {},
    "exposures": {"closed_at": None, "note": None},
    "drills": {"confirmed_at": None, "evidence": None},
    "contracts": {
        "ends_on": None,
        "subcontractors": [],
        "right_to_audit": "unknown",
        "breach_notice_hours": None,
    },
}
_YES_NO_FIELDS = {
    "internet_egress",
    "internet_exposed",
    "managed_endpoints",
    "mfa",
    "log_names_identity",
    "requires_approval",
    "enforces_allowlist",
    "right_to_audit",
}


def meaning(value: dict[str, Any]) -> dict[str, dict[Any, dict[str, Any]]]:
    """What a document says, whatever its order, its zones and the defaults it leaves out."""
    return {
        name: {_identity(row): _row_meaning(name, row) for row in value.get(name, [])}
        for name in DEFAULTS
    }


def _identity(row: dict[str, Any]) -> Any:
    return row["key"] if "key" in row else (row["from"], row["to"])


def _row_meaning(list_name: str, row: dict[str, Any]) -> dict[str, Any]:
    stated = {name: value for name, value in row.items() if value is not None}
    defaults = {"name": row.get("key", ""), "source": "imported"} | DEFAULTS[list_name]
    return {name: _value_meaning(name, value) for name, value in (defaults | stated).items()}


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text.upper())


def _value_meaning(name: str, value: Any) -> Any:
    if name in _YES_NO_FIELDS and isinstance(value, bool):
        return "yes" if value else "no"
    if name.endswith("_at") and value is not None:
        return _instant(value)
    return sorted(value) if isinstance(value, list) else value


# --- documents that are right, by strategy -------------------------------------------------------

_YES_NO = st.sampled_from(["yes", "no", "unknown", True, False, None])
_FIRST_DAY = date(2026, 1, 1)
_TIME_TEXTS = st.sampled_from(
    [
        *["2026-01-01T00:00:00Z", "2026-01-01t01:00:00+01:00", "2025-12-31T18:15:00-05:45"],
        *["2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00.5z", "2026-05-31T23:59:59-14:00"],
        *["1970-01-01T00:00:00Z", "0001-01-02T00:00:00+14:00", "9999-12-30T23:59:59.999999Z"],
        *["2024-02-29T12:00:00+00:00", "2026-07-01T00:00:00Z", "2027-03-28T02:30:00+02:00"],
    ]
)
_NOTES = st.sampled_from(
    [None, "", "x", "two words", "Zoë → 東京 🦉", "a\nb\tc", "'\"\\", "%s {} $1"]
)


def _rows(
    draw: st.DrawFn, keys: list[str], required: dict[str, Any], optional: dict[str, Any]
) -> list[dict[str, Any]]:
    """Rows with these keys: required fields stated, of the others any number."""
    common = {"name": _NOTES, "source": st.sampled_from(["declared", "imported", "observed", None])}
    shape = st.fixed_dictionaries(required, optional=optional | common)
    return [{"key": key} | draw(shape) for key in keys]


def _relations(
    draw: st.DrawFn, origins: list[str], targets: list[str], optional: dict[str, Any]
) -> list[dict[str, Any]]:
    pairs = [(a, b) for a in origins for b in targets if a != b]
    if not pairs:
        return []
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=5))
    shape = st.fixed_dictionaries({}, optional=optional | {"name": _NOTES})
    return [{"from": a, "to": b} | draw(shape) for a, b in chosen]


def _span(row: dict[str, Any], start: str, end: str) -> None:
    """Put the ends of a row in order, where both are stated."""
    if row.get(start) and row.get(end):
        row[start], row[end] = sorted([row[start], row[end]], key=_instant)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A document without a fault: every list, every kind of field, some of them left out."""

    def keys(letter: str, least: int = 1, most: int = 4) -> list[str]:
        return [f"{letter}{at}" for at in range(draw(st.integers(least, most)))]

    def one_of(choices: list[str]) -> Any:
        return st.sampled_from([*choices, None])

    def some(choices: list[str], least: int) -> Any:
        return st.lists(st.sampled_from(choices), unique=True, min_size=least, max_size=3)

    vendors, groups, people = keys("v"), keys("g"), keys("i", 2)
    environments, credentials = keys("e", 2, 5), keys("c")
    models, deployments = keys("m", 1, 2), keys("d", 1, 3)
    purposes = st.sampled_from(["evaluation", "research", "production"])
    vendor_rows = _rows(
        draw,
        vendors,
        {"kind": st.sampled_from(["partner", "contractor", "supplier", "subprocessor"])},
        {"status": st.sampled_from(["prospect", "active", "suspended", "offboarded", None])},
    )
    for at, row in enumerate(vendor_rows[1:], start=1):
        row["engaged_by"] = draw(one_of(vendors[:at]))
    environment_rows = _rows(
        draw,
        environments,
        {
            "kind": st.sampled_from(["endpoint_fleet", "sandbox", "ci", "gateway", "saas"]),
            "purpose": purposes | st.just("corporate"),
        },
        {
            "vendor": one_of(vendors),
            "internet_egress": _YES_NO,
            "internet_exposed": _YES_NO,
            "managed_endpoints": _YES_NO,
            "inventory": st.sampled_from(["complete", "unknown", None]),
            "status": st.sampled_from(["active", "retired", None]),
        },
    )
    owners = {row["key"]: row.get("vendor") for row in environment_rows}
    identity_fields = {
        "vendor": one_of(vendors),
        "mfa": _YES_NO,
        "status": st.sampled_from(["active", "disabled"]),
    }
    identities = _rows(
        draw, people, {"kind": st.sampled_from(["human", "service_account"])}, identity_fields
    ) + _rows(draw, groups, {"kind": st.just("group")}, identity_fields)
    credential_rows = _rows(
        draw,
        credentials,
        {
            "identity": st.sampled_from(people + groups),
            "kind": st.sampled_from(["api_key", "session", "oauth_token", "password"]),
        },
        {
            "issued_at": st.none() | _TIME_TEXTS,
            "expires_at": st.none() | _TIME_TEXTS,
            "revoked_at": st.none() | _TIME_TEXTS,
            "engagements": st.none() | st.lists(_NOTES.filter(bool), unique=True, max_size=3),
            "production_grade": st.sampled_from([True, False, None]),
        },
    )
    entries = _rows(
        draw,
        keys("a", 0),
        {"model": st.sampled_from(models), "purpose": purposes},
        {
            "vendor": one_of(vendors),
            "requested_by": one_of(people),
            "approved_by": one_of(people + groups),
            "approved_at": st.none() | _TIME_TEXTS,
            "expires_at": st.none() | _TIME_TEXTS,
        },
    )
    for entry in entries:
        own = [key for key, owner in owners.items() if owner == entry.get("vendor")]
        entry["environment"] = draw(one_of(own))
        _span(entry, "approved_at", "expires_at")
    exposures = _rows(
        draw,
        keys("x", 0),
        {
            "kind": st.sampled_from(["address", "name", "credential", "document"]),
            "targets": some(
                [f"environment:{key}" for key in environments]
                + [f"deployment:{key}" for key in deployments]
                + [f"credential:{key}" for key in credentials],
                1,
            ),
            "seen_at": _TIME_TEXTS,
        },
        {"closed_at": st.none() | _TIME_TEXTS, "note": _NOTES},
    )
    drills = _rows(
        draw,
        keys("r", 0),
        {
            "vendor": st.sampled_from(vendors),
            "model": st.sampled_from(models),
            "started_at": _TIME_TEXTS,
        },
        {"confirmed_at": st.none() | _TIME_TEXTS, "evidence": _NOTES},
    )
    contracts = _rows(
        draw,
        keys("k", 0),
        {"vendor": st.sampled_from(vendors), "starts_on": st.just("2026-01-01")},
        {
            "ends_on": st.none() | st.dates(min_value=_FIRST_DAY).map(str),
            "subcontractors": st.none() | some(vendors, 0),
            "right_to_audit": _YES_NO,
            "breach_notice_hours": st.none() | st.integers(0, 2**63 - 1) | st.just(24.0),
        },
    )
    spans = [
        (credential_rows, "issued_at", "expires_at"),
        (exposures, "seen_at", "closed_at"),
        (drills, "started_at", "confirmed_at"),
    ]
    for rows, start, end in spans:
        for row in rows:
            _span(row, start, end)
    return document(
        vendors=vendor_rows,
        environments=environment_rows,
        identities=identities,
        credentials=credential_rows,
        models=_rows(
            draw,
            models,
            {"sensitivity": st.sampled_from(["M1", "M2", "M3", "M4"])},
            {"custodian": one_of(people)},
        ),
        deployments=_rows(
            draw,
            deployments,
            {
                "model": st.sampled_from(models),
                "environment": st.sampled_from(environments),
                "purpose": purposes,
            },
            {
                "logging": st.sampled_from(["tamper_evident", "plain", "none", "unknown", None]),
                "log_names_identity": _YES_NO,
            },
        ),
        allowlist=entries,
        holds=_relations(draw, environments, credentials, {}),
        enters=_relations(draw, people + groups, environments, {"requires_approval": _YES_NO}),
        member_of=_relations(draw, people + groups, groups, {}),
        jumps=_relations(draw, environments, environments, {}),
        connects=_relations(
            draw,
            [*environments, "internet"],
            environments,
            {
                "deployments": st.none() | some(deployments, 1),
                "enforces_allowlist": _YES_NO,
            },
        ),
        grants=_relations(
            draw,
            [f"credential:{key}" for key in credentials] + [f"identity:{key}" for key in people],
            deployments,
            {"depth": st.sampled_from(["inference", "fine_tune", "white_box", "weights", None])},
        ),
        administers=_relations(
            draw,
            people + groups,
            [f"environment:{key}" for key in environments]
            + [f"deployment:{key}" for key in deployments],
            {},
        ),
        exposures=exposures,
        drills=drills,
        contracts=contracts,
    )
