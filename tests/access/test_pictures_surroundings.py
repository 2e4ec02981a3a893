"""The picture of a model's surroundings: nothing over anything else, nothing outside of it."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from apps.access.pictures import surroundings_tall, surroundings_wide
from apps.access.pictures.route import Owner, OwnerKind, Station
from apps.access.pictures.shapes import Drawing
from apps.access.pictures.surroundings import (
    MOST_ENDS,
    SHOWN,
    Circle,
    Comer,
    Edge,
    End,
    Surroundings,
)
from apps.access.selectors.reach import KEY_ONLY, VERDICTS
from tests.access.test_pictures_layout import INTERNET, NAMES, OWN, VENDORS
from tests.examples import examples


def station(node: str, name: str, owner: Owner, key: str = "") -> Station:
    return Station(node, name, key, "box", owner)


@st.composite
def scenes(draw: st.DrawFn) -> Surroundings:
    """Any surroundings: up to three gates in a row, each verdict with some and more."""
    levels = {f"gate {n}": draw(st.integers(0, 2)) for n in range(draw(st.integers(0, 5)))}
    ends = [
        End(f"deployment:{n}", draw(st.sampled_from(NAMES)), "evaluation deployment")
        for n in range(draw(st.integers(1, MOST_ENDS)))
    ]
    circles = []
    for verdict in draw(st.lists(st.sampled_from(VERDICTS), unique=True, max_size=4)):
        comers = [
            Comer(
                station(
                    f"{verdict} {n}",
                    draw(st.sampled_from(NAMES)),
                    draw(st.sampled_from([OWN, *VENDORS])),
                    draw(st.sampled_from(["", "a-key-that-is-very-long-indeed/which-goes-on"])),
                ),
                verdict,
                through=draw(
                    st.none()
                    | st.builds(station, st.just("x"), st.sampled_from(NAMES), st.just(OWN))
                ),
                gate=draw(st.sampled_from(["", *levels])),
                hops=draw(st.integers(0, 12)),
                possible=verdict == VERDICTS[1],
                anchor="#here",
            )
            for n in range(draw(st.integers(1, SHOWN[verdict])))
        ]
        circles.append(Circle(verdict, len(comers) + draw(st.integers(0, 20_000)), comers))
    return Surroundings(
        "Surroundings of Meridian",
        "Somebody reaches it.",
        circles,
        [station(gate, draw(st.sampled_from(NAMES)), INTERNET) for gate in levels],
        levels,
        [Edge(gate, ends[0].id) for gate in levels],
        ends,
        draw(st.sampled_from([OWN, VENDORS[0]])),
    )


def is_of_one_line(one: str, other: str) -> bool:
    """Lines of the same text stand as close as they like; a way passes its own posts."""
    return one.split(" line ")[0] == other.split(" line ")[0] or one == other


def assert_whole(drawing: Drawing) -> None:
    for block in drawing.blocks:
        left, top, right, bottom = block.box
        assert left >= -0.5, block.name
        assert top >= -0.5, block.name
        assert right <= drawing.width + 0.5, block.name
        assert bottom <= drawing.height + 0.5, block.name
    for one, other in combinations(drawing.blocks, 2):
        if not is_of_one_line(one.name, other.name):
            assert not one.box.overlaps(other.box), (one, other)


@examples(12)
@given(scene=scenes())
def test_nothing_in_the_wide_picture_lies_over_anything_else(scene: Surroundings) -> None:
    assert_whole(surroundings_wide.draw(scene))


@examples(12)
@given(scene=scenes())
def test_nothing_in_the_tall_picture_lies_over_anything_else(scene: Surroundings) -> None:
    assert_whole(surroundings_tall.draw(scene))


def one_comer(verdict: str, **fields: object) -> Surroundings:
    comer = Comer(
        station("environment:lab", "Lab", VENDORS[1]),
        verdict,
        possible=verdict == "undetermined",
        **fields,  # type: ignore[arg-type] # what a test says
    )
    own = Owner("own", "Tarn Labs", "our own organisation", OwnerKind.OWN)
    return Surroundings(
        "", "", [Circle(verdict, 1, [comer])], [], {}, [], [End("deployment:a", "A", "one")], own
    )


def looks(drawing: Drawing) -> set[str]:
    return {shape.css for shape in drawing.shapes}


def test_what_nobody_has_stated_is_dashed_and_nothing_else_is() -> None:
    for draw in (surroundings_wide.draw, surroundings_tall.draw):
        assert "vr-rail is-possible" in looks(draw(one_comer("undetermined")))
        for verdict in ("unsegregated", "segregated", KEY_ONLY):
            assert not any("is-possible" in css for css in looks(draw(one_comer(verdict))))


def test_each_verdict_has_its_own_posts() -> None:
    posts = {"vr-post-missing", "vr-post-unknown", "vr-post-passed"}
    expected = {
        "unsegregated": {"vr-post-missing"},
        "undetermined": {"vr-post-unknown"},
        "segregated": {"vr-post-passed"},
        KEY_ONLY: set(),
    }
    for verdict, css in expected.items():
        for draw in (surroundings_wide.draw, surroundings_tall.draw):
            assert looks(draw(one_comer(verdict))) & posts == css
