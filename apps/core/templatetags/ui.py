"""What templates need Python for: icons, times, numbers in words. Built into every template."""

import re
from collections.abc import Iterable
from datetime import datetime

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

SPRITE = "vendor/tabler-icons/sprite.svg"
WORDS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
)  # fmt: skip


@register.simple_tag
def sprite(name: str) -> str:
    """The address of one icon in the sprite, for ``use``."""
    return f"{static(SPRITE)}#{name}"


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """An icon beside words; the words say it, so it is hidden from those who listen."""
    return format_html(
        '<svg class="{}" aria-hidden="true"><use href="{}"/></svg>',
        f"icon {css}".strip(),
        sprite(name),
    )


@register.filter
def in_words(count: int) -> str:
    """Small numbers as a sentence says them, larger ones in figures: three, 24, 1,204."""
    return WORDS[count] if 0 <= count < len(WORDS) else f"{count:,}"


@register.filter
def figure(count: int | None) -> str:
    """A number in figures, thousands apart."""
    return "" if count is None else f"{count:,}"


@register.simple_tag
def when(moment: datetime | None, style: str = "time") -> SafeString:
    """An absolute time in the person's zone; the exact instant and the zone show on hover.

    ``style``: time, day or short.
    """
    if moment is None:
        return SafeString("")
    local = timezone.localtime(moment)
    pattern = {"time": "j M Y, H:i", "day": "j M Y", "short": "j M, H:i"}[style]
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        f"{date_format(local, 'j F Y, H:i:s')} {local.tzname()}",
        date_format(local, pattern),
    )


@register.filter
def age(moment: datetime | None) -> str:
    """How long ago, in one unit: 3 minutes, 2 hours, 41 days."""
    if moment is None:
        return ""
    return span((timezone.now() - moment).total_seconds())


@register.simple_tag
def elapsed(start: datetime | None, end: datetime | None) -> str:
    """How long something took; nothing while either end is not known."""
    return span((end - start).total_seconds()) if start and end else ""


@register.filter
def span(seconds: float | None) -> str:
    """A length of time in its largest sensible unit."""
    if seconds is None:
        return ""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{seconds:.1f} seconds" if seconds < 10 else f"{int(seconds)} seconds"


@register.filter
def reach_words(reach: str) -> str:
    """What an environment can do with a deployment, in words."""
    return {
        "usable": "usable",
        "network_only": "network, no key",
        "credential_only": "key, no path",
    }.get(reach, "no reach")


@register.filter
def css_word(value: str) -> str:
    """A stored value as the end of a class name: key_only is key-only, nothing is none."""
    return value.replace("_", "-") if value else "none"


@register.filter
def initials(name: str) -> str:
    """Up to two letters that stand for a person."""
    parts = name.split()
    return "".join(
        part[0] for part in (parts[:1] + parts[-1:] if len(parts) > 1 else parts)
    ).upper()


@register.filter
def short_digest(digest: str) -> str:
    """The two ends of a digest: enough to tell two apart at a glance."""
    return f"{digest[:8]}…{digest[-4:]}" if len(digest) > 16 else digest


@register.filter
def with_keys(text: str, keys: Iterable[str]) -> SafeString:
    """``text`` with every one of ``keys`` set as code."""
    known = sorted(filter(None, keys), key=len, reverse=True)
    if not known:
        return conditional_escape(text)
    pattern = re.compile(
        r"(?<![\w.@/+-])(" + "|".join(map(re.escape, known)) + r")(?![\w@/+-]|\.\w)"
    )
    pieces = pattern.split(text)
    return mark_safe(  # noqa: S308 - every piece is escaped
        "".join(
            format_html("<code>{}</code>", piece) if index % 2 else conditional_escape(piece)
            for index, piece in enumerate(pieces)
        )
    )
