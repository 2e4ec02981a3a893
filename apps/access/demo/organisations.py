"""What the notation of the demo's organisations stands for: people, desks, places, permissions.

The healthy pattern is stated here once. A place that uses a restricted model has a permission with
an end that is renewed in time, a gated link, a token that lives for minutes, and drills behind it.
Whoever deviates from that says so in the files.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from apps.access.demo.rows import Row, Rows
from apps.engine.thresholds import DEFAULT_THRESHOLDS
from apps.engine.values import Sensitivity

_ENVIRONMENT = {"internet_egress": "no", "internet_exposed": "no", "managed_endpoints": "yes"}
# Fields of a place that are not those of an environment.
_NOTATION = {
    *("uses", "calls", "link", "through", "gate", "token", "entered_by"),
    *("approved", "approved_by", "days", "jumps_to"),
}
# What a place signs in with to services of its own, renewed each year.
_OWN = {"ci": ("ssh_key", "Deploy key"), "staging": ("password", "Service password")}

LOOK_BACK = 200
"""Permissions and drills go back so many days, or to the start of the contract."""

RENEWED_BEFORE_END = 2
DRILL_EVERY = 60


def key_of(name: str) -> str:
    """“Radka Nováčková” as a key: radka-novackova."""
    spelled = name.replace("ø", "o").replace("æ", "ae")
    plain = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


class Organisation:
    """One table of the files. ``vendor`` none is our own organisation."""

    def __init__(
        self, rows: Rows, house: Mapping[str, Any], vendor: str | None, about: Row
    ) -> None:
        self.rows = rows
        self.house = house
        self.vendor = vendor
        self.about = about
        self.name: str = about["name"]
        self.short: str = about["short"]
        self.places: list[Row] = about["places"]
        self.desks: Row = {
            "key": f"{self.short}-desks",
            "kind": "endpoint_fleet",
            "purpose": "corporate",
            **about.get("desks", {}),
        }

    @property
    def has_come(self) -> bool:
        """Whether its contract, if it has one, had begun at the scan."""
        contract = self.about.get("contract")
        return not (contract and self.rows.instants.is_ahead(contract["starts_on"]))

    def put(self) -> None:
        """Add everything that the table states and stands for."""
        if self.vendor:
            self._put_vendor(self.vendor)
        self._put_people()
        for at, place in enumerate(self.places):
            self._put_place(at, place)
        if self.vendor:
            for model in sorted({self._model(d) for p in self.places for d in p.get("uses", ())}):
                self._put_drills(self.vendor, model)

    def _put_vendor(self, vendor: str) -> None:
        stated = {k: self.about[k] for k in ("kind", "engaged_by", "status") if k in self.about}
        self.rows.put("vendors", key=vendor, name=self.name, **stated)
        if contract := self.about.get("contract"):
            named = {"name": f"Agreement with {self.name}", "source": "declared"}
            key = f"ct-{self.short}"
            self.rows.put("contracts", key=key, vendor=vendor, **named, **contract)

    def _model(self, deployment: str) -> str:
        return str(self.rows.find("deployments", deployment)["model"])

    def _sensitivity(self, deployment: str) -> Sensitivity:
        return Sensitivity(self.rows.find("models", self._model(deployment))["sensitivity"])

    # --- people ---

    def _put_people(self) -> None:
        for name in self.about["people"]:
            factor = "yes"
            if name in self.about.get("without_factor", ()):
                factor = "no"
            elif name in self.about.get("factor_unknown", ()):
                factor = "unknown"
            self._identity(key_of(name), name, "human", factor)
        if self.has_staff_group:
            self._put_group("staff", self.about["people"])
        if "desks" in self.about:
            self._put_environment(self.desks)
            self._enter(self._staff, self.desks["key"], approval="no")
        if "testers" in self.about:
            self._put_testers(self.about["testers"])

    @property
    def has_staff_group(self) -> bool:
        """Partners, and we, manage people in groups; small companies name each person."""
        return "desks" in self.about and self.about.get("kind", "partner") == "partner"

    @property
    def _staff(self) -> list[str]:
        if self.has_staff_group:
            return [f"{self.short}-staff"]
        return [key_of(name) for name in self.about["people"]]

    def _identity(self, key: str, name: str, kind: str, factor: str = "unknown") -> None:
        self.rows.put("identities", key=key, name=name, kind=kind, vendor=self.vendor, mfa=factor)

    def _put_group(self, word: str, people: Iterable[str]) -> None:
        key = f"{self.short}-{word}"
        self._identity(key, f"{self.name} {word}", "group")
        for name in people:
            self.rows.put("member_of", from_=key_of(name), to=key)

    def _put_testers(self, testers: Iterable[str]) -> None:
        """M3 deployments accept the group itself; M4 ones accept nothing but a place's token."""
        self._put_group("testers", testers)
        accepted = {
            deployment
            for place in self.places
            if "entered_by" not in place
            for deployment in place.get("uses", ())
            if self._sensitivity(deployment) is Sensitivity.M3
        }
        for deployment in sorted(accepted):
            self.rows.put("grants", from_=f"identity:{self.short}-testers", to=deployment)
        purposes = {self.rows.find("deployments", each)["purpose"] for each in accepted}
        if "production" not in purposes:  # those people's desks keep nothing that opens production
            for name in testers:
                self._put_session(name)

    def _put_session(self, person: str) -> None:
        key = f"{key_of(person)}-session"
        self.rows.put(
            "credentials",
            key=key,
            name=f"Session of {person}",
            identity=key_of(person),
            kind="session",
            issued_at="scan-1h",
            expires_at="scan+3h",
        )
        self.rows.put("holds", from_=self.desks["key"], to=key)

    def _enter(self, identities: Iterable[str], environment: str, *, approval: str) -> None:
        for identity in identities:
            self.rows.put("enters", from_=identity, to=environment, requires_approval=approval)

    # --- places ---

    def _put_environment(self, row: Row) -> None:
        vouched = self.about.get("vouched", True)
        stated = {field: value for field, value in row.items() if field not in _NOTATION}
        exposed = {"internet_exposed": "yes"} if row["kind"] == "saas" else {}
        inventory = {"inventory": "complete" if vouched else "unknown"}
        defaults = _ENVIRONMENT | exposed | inventory
        self.rows.put("environments", vendor=self.vendor, **(defaults | stated))

    def _put_place(self, at: int, place: Row) -> None:
        self._put_environment(place)
        uses, calls = place.get("uses", []), place.get("calls", [])
        if calls or place["kind"] != "saas":
            self._identity(
                f"{place['key']}-svc", f"Service account of {place['name']}", "service_account"
            )
        if place["kind"] != "saas":
            self._put_own_credential(at, place)
        if calls:
            self._put_calls(place, calls)
        if uses:
            self._put_uses(at, place, uses)
        for target in place.get("jumps_to", ()):
            self.rows.put("jumps", from_=place["key"], to=target)
        self._enter(self._people_of(place), place["key"], approval="yes" if uses else "no")

    def _people_of(self, place: Row) -> list[str]:
        if "entered_by" in place:
            return list(place["entered_by"])
        if "uses" in place and "testers" in self.about:
            return [f"{self.short}-testers"]
        return self._staff

    def _credential(self, place: Row, word: str, name: str, **fields: Any) -> str:
        key = f"{place['key']}-{word}"
        title = f"{name} of {place['name']}"
        identity = f"{place['key']}-svc"
        self.rows.put("credentials", key=key, name=title, identity=identity, **fields)
        return key

    def _put_own_credential(self, at: int, place: Row) -> None:
        kind, name = _OWN.get(place["kind"], ("certificate", "Certificate"))
        issued = 20 + (37 * at + 11 * len(self.name)) % 300
        span = {"issued_at": f"today-{issued}d", "expires_at": f"today+{365 - issued}d"}
        key = self._credential(place, "own", name, kind=kind, **span)
        self.rows.put("holds", from_=place["key"], to=key)

    def _put_calls(self, place: Row, calls: list[str]) -> None:
        """General models are open to customers: a key a year, through the public gateway."""
        span = {"issued_at": "today-450d", "expires_at": "today-85d"}
        self._credential(place, "last-key", "Last year's API key", kind="api_key", **span)
        span = {"issued_at": "today-90d", "expires_at": "today+275d"}
        key = self._credential(place, "api-key", "API key", kind="api_key", **span)
        self.rows.put("holds", from_=place["key"], to=key)
        for deployment in calls:
            self.rows.put("grants", from_=f"credential:{key}", to=deployment)
        self._link(place["key"], self.house["public_gateway"], calls, "no")

    def _link(self, origin: str, target: str, deployments: list[str], gate: str) -> None:
        ends = {"from_": origin, "to": target}
        self.rows.put("connects", **ends, deployments=deployments, enforces_allowlist=gate)

    # --- restricted models ---

    def _put_uses(self, at: int, place: Row, uses: list[str]) -> None:
        approvals = [(ago, d) for d in uses for ago in self._approvals(at, place, d)]
        for number, (ago, deployment) in enumerate(approvals, start=1):
            self._put_entry(place, deployment, number, ago)
        if place.get("link", True):
            self._put_links(place, uses)
        has_begun = not self.rows.instants.is_ahead(f"today-{max(approvals)[0]}d")
        if place.get("token", True) and has_begun:
            self._put_token(place, uses)

    def _put_token(self, place: Row, uses: list[str]) -> None:
        """Issued anew before each scan: what is held then is live, and over soon after."""
        m4 = any(self._sensitivity(deployment) is Sensitivity.M4 for deployment in uses)
        span = ("scan-4m", "scan+8m") if m4 else ("scan-10m", "scan+40m")
        fields = {"kind": "oauth_token", "issued_at": span[0], "expires_at": span[1]}
        key = self._credential(place, "token", "Token", **fields)
        self.rows.put("holds", from_=place["key"], to=key)
        for deployment in uses:
            self.rows.put("grants", from_=f"credential:{key}", to=deployment)

    def _put_links(self, place: Row, uses: list[str]) -> None:
        gates: dict[str, list[str]] = {}
        for deployment in uses:
            gates.setdefault(self.house["gate_of"][deployment], []).append(deployment)
        origin = place["key"]
        if "through" in place:
            self._link(origin, place["through"], uses, "no")
            origin = place["through"]
        for gate, deployments in gates.items():
            self._link(origin, gate, deployments, place.get("gate", "yes"))

    def _approvals(self, at: int, place: Row, deployment: str) -> list[int]:
        """How many days ago each permission was given, the first one first.

        The last one runs now; each was renewed before it ended.
        """
        age = LOOK_BACK
        if contract := self.about.get("contract"):
            age = min(age, self.rows.instants.days_since(contract["starts_on"]))
        if "approved" in place:
            latest = self.rows.instants.days_since(place["approved"])
        elif self._sensitivity(deployment) is Sensitivity.M4:
            latest = 1
        else:
            latest = 8 + (13 * at + 7 * len(self.name)) % 45
        every = self._days(place, deployment) - RENEWED_BEFORE_END
        return [*range(latest, max(age, latest + 1), every)][::-1]

    def _days(self, place: Row, deployment: str) -> int:
        limit = DEFAULT_THRESHOLDS.permission[self._sensitivity(deployment)]
        return int(place.get("days", limit.days))

    def _put_entry(self, place: Row, deployment: str, number: int, ago: int) -> None:
        to, model = self.rows.find("deployments", deployment), self._model(deployment)
        custodian = self.rows.find("models", model)["custodian"]
        self.rows.put(
            "allowlist",
            key=f"al-{place['key']}-{number}",
            name=f"{to['name']} from {place['name']}",
            model=model,
            vendor=self.vendor,
            purpose=to["purpose"],
            environment=place["key"],
            requested_by=self.house["partner_manager"],
            approved_by=place.get("approved_by", custodian),
            approved_at=f"today-{ago}d",
            expires_at=f"today{self._days(place, deployment) - ago:+}d",
            source="declared",
        )

    def _put_drills(self, vendor: str, model: str) -> None:
        """Every two months the end of the access is rehearsed, and takes minutes."""
        age = min(LOOK_BACK, self.rows.instants.days_since(self.about["contract"]["starts_on"]))
        latest = 10 + (3 * len(self.name)) % 45
        days_ago = [*range(latest, age, DRILL_EVERY)][::-1]
        for number, ago in enumerate(days_ago, start=1):
            minutes = 5 + (len(self.name) + 3 * number) % 7
            self.rows.put(
                "drills",
                key=f"dr-{self.short}-{model}-{number}",
                name=f"{self.rows.find('models', model)['name']} taken from {self.name}",
                vendor=vendor,
                model=model,
                started_at=f"today-{ago}d+9h",
                confirmed_at=f"today-{ago}d+9h{minutes}m",
                evidence=f"The first denied call came {minutes} minutes after the order.",
                source="declared",
            )
            if ago == latest:
                self._put_revoked(model, ago)

    def _put_revoked(self, model: str, ago: int) -> None:
        """What the last drill took away: tokens that are of no use to anybody since."""
        for place in self.places:
            models = map(self._model, place.get("uses", ()))
            if place.get("token", True) and model in models:
                self._credential(
                    place,
                    "drill-token",
                    "Token for a drill",
                    kind="oauth_token",
                    issued_at=f"today-{ago}d+8h50m",
                    expires_at=f"today-{ago}d+9h40m",
                    revoked_at=f"today-{ago}d+9h",
                )
