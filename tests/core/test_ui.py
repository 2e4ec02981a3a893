"""Template tags and filters."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.utils import timezone

from apps.core.templatetags import ui


def test_small_numbers_are_words_and_large_ones_figures() -> None:
    assert [ui.in_words(n) for n in (0, 1, 12, 13, 1204)] == ["no", "one", "twelve", "13", "1,204"]


def test_a_figure_keeps_thousands_apart_and_nothing_stays_empty() -> None:
    assert ui.figure(1234567) == "1,234,567"
    assert ui.figure(None) == ""


def test_a_time_is_absolute_and_readable_by_machines() -> None:
    moment = datetime(2026, 6, 1, 12, 5, tzinfo=UTC)
    assert ui.when(moment) == (
        '<time datetime="2026-06-01T12:05:00+00:00" title="1 June 2026, 12:05:00 UTC">'
        "1 Jun 2026, 12:05</time>"
    )
    assert ">1 Jun 2026<" in ui.when(moment, "day")
    assert ui.when(None) == ""


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.24, "0.2 seconds"),
        (42, "42 seconds"),
        (60, "1 minute"),
        (7300, "2 hours"),
        (41 * 86400, "41 days"),
        (None, ""),
    ],
)
def test_a_span_is_said_in_its_largest_unit(seconds: float | None, words: str) -> None:
    assert ui.span(seconds) == words


def test_an_age_counts_from_now() -> None:
    assert ui.age(timezone.now() - timedelta(days=3)) == "3 days"
    assert ui.age(None) == ""


def test_initials_are_the_ends_of_a_name() -> None:
    assert [ui.initials(name) for name in ("Maya Okafor", "Ida", "Jo van der Meer", "")] == [
        "MO",
        "I",
        "JM",
        "",
    ]


def test_a_digest_is_told_by_its_two_ends() -> None:
    assert ui.short_digest("0123456789abcdef0123456789abcdef") == "01234567…cdef"
    assert ui.short_digest("short") == "short"


def test_keys_in_a_text_are_set_as_code_and_everything_is_escaped() -> None:
    text = "ng-lab holds ng-lab-key; <b> ng-lab's end is ng-lab."
    assert ui.with_keys(text, ["ng-lab", "ng-lab-key", ""]) == (
        "<code>ng-lab</code> holds <code>ng-lab-key</code>; &lt;b&gt; "
        "<code>ng-lab</code>&#x27;s end is <code>ng-lab</code>."
    )
    assert ui.with_keys("<i>", []) == "&lt;i&gt;"


def test_an_icon_is_hidden_from_those_who_listen() -> None:
    drawn = Template('{% icon "flag" "big" %}').render(Context())
    assert 'aria-hidden="true"' in drawn
    assert 'class="icon big"' in drawn
    assert "sprite.svg#flag" in drawn
