"""Route pictures of any shape: nothing lies over anything else, nothing leaves the picture."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from apps.access.pictures import strip, tall, wide
from apps.access.pictures.fold import MOST_COLUMNS, columns, folded
from apps.access.pictures.metrics import CALL_TEXT, KEY, NAME
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
from apps.access.pictures.shapes import Block, Drawing
from tests.examples import examples

OWN = Owner("own", "Tarn Labs", "our own organisation", OwnerKind.OWN)
INTERNET = Owner("internet", "Internet", "nobody's", OwnerKind.INTERNET)
VENDORS = [
    Owner("vendor:1", "Brightpath Staffing International", "contractor, engaged by Northgate Bank"),
    Owner("vendor:2", "Northgate", "partner"),
    Owner("vendor:3", "Rindfleischetikettierungsgesellschaft", "subprocessor, offboarded"),
]
WORDS = ["enters", "connects", "jumps", "holds", "connects, gate not stated", "signs in as"]
NAMES = [
    "Lab",
    "Northgate red-team lab",
    "Brightpath contractor laptops of the second floor",
    "Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz",
    "ŁÓDŹ ŻABA ĆMA",
    "机密环境测试平台",
]


tags = st.lists(
    st.builds(Tag, st.sampled_from(["AR-03 never expires", "AR-12 endpoint not stated"])),
    max_size=2,
).map(tuple)


def stations(number: int, *, credential: bool = False) -> st.SearchStrategy[Station]:
    return st.builds(
        Station,
        id=st.just(f"station:{number}"),
        name=st.sampled_from(NAMES),
        key=st.sampled_from(["", f"key-{number}", f"a-key-that-is-very-long-indeed/{number}"]),
        icon=st.just("box"),
        owner=st.sampled_from([OWN, INTERNET, *VENDORS] if not credential else VENDORS),
        is_credential=st.just(credential),
        is_gateway=st.booleans(),
        unknown=st.booleans(),
        tags=tags if credential or not number else st.just(()),
    )


def hops(number: int, *, gated: bool = True) -> st.SearchStrategy[Hop]:
    return st.builds(
        Hop,
        number=st.just(number),
        word=st.sampled_from(WORDS),
        note=st.sampled_from(["", "", "al-ng-eval admits Northgate red-team lab"]),
        gate=st.sampled_from(Gate) if gated else st.just(Gate.NONE),
        possible=st.booleans(),
    )


@st.composite
def routes(draw: st.DrawFn) -> Route:
    """Any route: shared hops, both legs or one, with or without a terminal and a call-out."""
    number = iter(range(1, 100))
    leg = st.integers(0, 5)

    def steps(count: int, *, credential: bool = False) -> tuple[Step, ...]:
        found = []
        for index in range(count):
            n = next(number)
            is_key = credential and index == 0
            hop = draw(hops(n, gated=not credential))
            found.append(Step(hop, draw(stations(n, credential=is_key))))
        return tuple(found)

    def last(*, gated: bool = True) -> tuple[Step, ...]:
        return (Step(draw(hops(next(number), gated=gated))),)

    has_network, has_credential = draw(st.sampled_from([(1, 1), (1, 0), (0, 1)]))
    shared = steps(draw(leg)) if has_network and has_credential else ()
    network = steps(draw(leg)) + last() if has_network else ()
    credential = (
        steps(draw(st.integers(0, 3)), credential=True) + last(gated=False)
        if has_credential
        else ()
    )
    every = [step.hop.number for step in (*shared, *network, *credential)]
    call = draw(
        st.none()
        | st.builds(
            Call,
            hop=st.sampled_from(every),
            head=st.just("No control on this hop"),
            name=st.sampled_from(["AR-01 Per-partner allowlist", "May it reach the internet?" * 2]),
            text=st.sampled_from(["Nothing names it.", "No live entry admits whoever. " * 4]),
            possible=st.booleans(),
            short=st.just("AR-01"),
        )
    )
    terminal = Terminal(
        draw(st.sampled_from(NAMES)),
        "M3",
        "evaluation deployment",
        "meridian-eval",
        "eval-inference",
        draw(st.sampled_from([OWN, VENDORS[0]])),
        "Usable, unsegregated",
        "unsegregated",
        network=draw(st.booleans()),
        credential=draw(st.booleans()),
    )
    return Route(draw(stations(0)), shared, network, credential, terminal, call, "title", "words")


def may_touch(one: Block, other: Block) -> bool:
    """Posts, stations and the terminal stand on rails; rails cross rails; nothing else touches."""
    if one.is_rail and other.is_rail:
        return True
    if one.is_rail or other.is_rail:
        block = other if one.is_rail else one
        return block.name.startswith(("posts", "station", "terminal"))
    return False


def overlaps(drawing: Drawing) -> list[tuple[str, str]]:
    return [
        (one.name, other.name)
        for one, other in combinations(drawing.blocks, 2)
        if one.box.overlaps(other.box) and not may_touch(one, other)
    ]


def outside(drawing: Drawing) -> list[str]:
    return [
        block.name
        for block in drawing.blocks
        if block.box.left < 0
        or block.box.top < 0
        or block.box.right > drawing.width + 0.01
        or block.box.bottom > drawing.height
    ]


def missing(drawing: Drawing, route: Route) -> list[str]:
    """What of a route its drawing does not show."""
    shown = {block.name for block in drawing.blocks}
    wanted = [f"hop {hop.number}" for hop in route.hops]
    return [name for name in [*wanted, *["call-out"] * bool(route.call)] if name not in shown]


@examples(20)
@given(routes())
def test_the_wide_picture_shows_everything_and_nothing_overlaps(route: Route) -> None:
    drawing = wide.draw(route)
    assert overlaps(drawing) == []
    assert outside(drawing) == []
    assert missing(drawing, folded(route.on_two_rows())) == []


@examples(20)
@given(routes())
def test_the_tall_picture_shows_everything_and_nothing_overlaps(route: Route) -> None:
    drawing = tall.draw(route)
    assert overlaps(drawing) == []
    assert outside(drawing) == []
    assert missing(drawing, route) == []


@examples(12)
@given(routes())
def test_the_wide_picture_folds_what_is_more_than_six_columns(route: Route) -> None:
    assert len(columns(folded(route.on_two_rows()))) <= MOST_COLUMNS


@examples(12)
@given(routes())
def test_a_strip_holds_at_most_seven_stations_in_thirty_pixels(route: Route) -> None:
    drawing = strip.draw(route)
    circles = [shape for shape in drawing.shapes if shape.kind == "circle"]
    assert 2 <= len(circles) <= strip.MOST_STATIONS
    assert drawing.height == 30
    assert all(float(shape.at["cx"]) + 11 <= drawing.width for shape in circles)


@examples(25)
@given(st.text(min_size=1, max_size=80), st.floats(40, 300))
def test_a_shortened_text_fits(text: str, limit: float) -> None:
    assert NAME.width(NAME.shorten(text, limit)) <= limit
    assert KEY.width(KEY.shorten_middle(text, limit)) <= limit


@examples(25)
@given(st.lists(st.text("abcdefgh", min_size=1, max_size=12), min_size=1, max_size=30))
def test_wrapped_lines_fit_and_keep_the_words_in_order(words: list[str]) -> None:
    lines = CALL_TEXT.wrap(" ".join(words), 160, 4)
    assert len(lines) <= 4
    assert all(CALL_TEXT.width(line) <= 160 for line in lines)
    if not lines[-1].endswith("…"):
        assert " ".join(lines) == " ".join(words)


def test_a_name_is_broken_into_lines_of_about_the_same_width() -> None:
    assert NAME.balanced("Halden red-team lab", 120, 2) == ("Halden", "red-team lab")
    assert NAME.balanced("Partner gateway", 120, 2) == ("Partner gateway",)


def test_a_key_that_is_cut_keeps_both_its_ends() -> None:
    assert KEY.shorten_middle("env-with-a-rather-long-key-4", 100) == "env-wit…g-key-4"
