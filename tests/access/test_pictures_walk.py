"""A witness as walks: where it starts, which hops both legs share, what is left over."""

from apps.access.pictures.walk import walks
from apps.engine.values import Hop, Witness


def hop(text: str) -> Hop:
    """``"e:lab holds c:key"`` as a hop; e, i, c, d stand for the four kinds."""
    kinds = {"e": "environment", "i": "identity", "c": "credential", "d": "deployment"}

    def named(end: str) -> str:
        kind, _, key = end.partition(":")
        return f"{kinds[kind]}:{key}" if key else end

    origin, relation, target = text.split()
    return Hop(relation, named(origin), named(target))


def witness(access: str = "", wire: str = "", credential: str = "") -> Witness:
    return Witness(
        *(
            tuple(hop(line.strip()) for line in leg.split(";") if line.strip())
            for leg in (access, wire, credential)
        )
    )


BACK_DOOR = witness(
    access="i:contractor enters e:laptops; i:contractor enters e:lab",
    wire="e:lab internet_egress internet; internet connects e:gate; e:gate connects e:host",
    credential="""i:contractor enters e:laptops; i:contractor enters e:lab; e:lab holds c:key;
                  c:key grants d:model""",
)


def test_nothing_to_walk_is_no_walk() -> None:
    assert walks(Witness(), {"entry": "al-1"}) is None


def test_a_device_acts_as_the_person_by_walking_enters_backwards() -> None:
    walk = walks(BACK_DOOR, {"environment": "laptops", "deployment": "model"})
    assert walk is not None
    assert walk.start == "environment:laptops"
    assert [stride.backwards for stride in walk.network] == [True, False, False, False, False]


def test_both_legs_share_their_first_hops_and_each_hop_is_numbered_once() -> None:
    walk = walks(BACK_DOOR, {"environment": "laptops", "deployment": "model"})
    assert walk is not None
    assert walk.shared == 2
    assert [stride.number for stride in walk.strides] == [1, 2, 3, 4, 5, 6, 7]
    assert [s.hop.relation for s in walk.credential] == ["enters", "enters", "holds", "grants"]
    assert walk.wire_start == "environment:lab"


def test_people_of_a_group_are_walked_back_to_one_of_them() -> None:
    found = walks(
        witness("i:group enters e:desks; i:ann member_of i:group; i:ann enters e:lab"),
        {"environment": "desks", "deployment": "model"},
    )
    assert found is not None
    assert [s.target for s in found.network] == [
        "identity:group",
        "identity:ann",
        "environment:lab",
    ]
    assert [s.backwards for s in found.network] == [True, True, False]


def test_a_weak_entry_starts_at_the_person_and_the_credential_joins_at_the_environment() -> None:
    found = walks(
        witness(
            "i:ann enters e:lab", "e:lab connects e:host", "e:lab holds c:key; c:key grants d:model"
        ),
        {"environment": "lab", "deployment": "model"},
    )
    assert found is not None
    assert found.start == "identity:ann"
    assert found.shared == 1
    assert [s.hop.relation for s in found.credential] == ["enters", "holds", "grants"]


def test_who_else_holds_a_shared_credential_is_left_over_and_kept() -> None:
    found = walks(
        witness(credential="e:lab holds c:key; c:key grants d:model; e:desk holds c:key"),
        {"environment": "lab", "deployment": "model", "credential": "key"},
    )
    assert found is not None
    assert found.network == ()
    assert [(s.number, s.hop.from_) for s in found.aside] == [(3, "environment:desk")]


def test_a_route_from_the_internet_starts_there() -> None:
    found = walks(
        witness(wire="internet connects e:gate; e:gate connects e:host"), {"deployment": "model"}
    )
    assert found is not None
    assert found.start == "internet"
    assert found.wire_start == "internet"


def test_a_path_creator_ends_at_what_it_administers() -> None:
    found = walks(
        witness("i:ann member_of i:admins; i:admins administers d:model"),
        {"identity": "ann", "deployment": "model"},
    )
    assert found is not None
    assert found.start == "identity:ann"
    assert found.strides[-1].target == "deployment:model"
