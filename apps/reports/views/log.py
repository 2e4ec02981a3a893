"""The log: what somebody did, to what, and whether the chain of entries holds."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect, QueryDict, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.accounts import policy
from apps.accounts.http import SignedInRequest
from apps.accounts.roles import Perm
from apps.audit.models import AuditEntry
from apps.audit.words import action_words, kind_words, page_of
from apps.core.lists import csv_file
from apps.reports import services
from apps.reports.selectors import log as selectors
from apps.reports.selectors.log import LogFilter

HEAD = (
    "number", "at", "actor", "action", "target_type", "target_id", "target_name", "vendor_id",
    "data", "previous", "hash",
)  # fmt: skip


@require_safe
@never_cache
def log_list(request: SignedInRequest) -> HttpResponse:
    """Entries, the latest first, narrowed by what the address asks for."""
    policy.require(request.user, Perm.VIEW_AUDIT_LOG)
    wanted = _wanted(request.GET)
    page = selectors.log_page(
        selectors.narrowed(request.user, wanted),
        before=_number(request.GET.get("before")),
        after=_number(request.GET.get("after")),
    )
    context = {
        "section": "log",
        "wanted": wanted,
        "page": page,
        "rows": _rows(request.user, page.entries),
        "choices": selectors.choices_for(request.user),
        "chain": selectors.chain(),
    }
    return render(request, "reports/log_list.html", context)


@require_safe
@never_cache
def log_chain(request: SignedInRequest) -> HttpResponse:
    """The state of the chain alone, which asks for itself again while a check runs."""
    policy.require(request.user, Perm.VIEW_AUDIT_LOG)
    return render(request, "reports/log_chain.html", {"chain": selectors.chain()})


@require_safe
def log_entry(request: SignedInRequest, number: int) -> HttpResponse:
    """One entry: who, what, the change field by field, and its place in the chain."""
    policy.require(request.user, Perm.VIEW_AUDIT_LOG)
    entry = selectors.entry_for(request.user, number)
    older, newer = selectors.neighbours(request.user, entry)
    [(_, words, kind, page, vendor)] = _rows(request.user, [entry])
    context = {
        "section": "log",
        "entry": entry,
        "words": words,
        "kind": kind,
        "page": page,
        "vendor": vendor,
        "older": older,
        "newer": newer,
        "changes": _told_changes(entry),
        "details": [(_label(name), _told(value)) for name, value in selectors.details_in(entry)],
        "stands": selectors.stands_in_the_chain(entry),
    }
    return render(request, "reports/log_entry.html", context)


@require_safe
def log_file(request: SignedInRequest) -> StreamingHttpResponse:
    """The entries that the address asks for as CSV, the latest first."""
    policy.require(request.user, Perm.VIEW_AUDIT_LOG)
    entries = selectors.narrowed(request.user, _wanted(request.GET)).order_by("-number")
    return csv_file("audit-log", HEAD, _lines(entries.iterator(chunk_size=2_000)))


@require_POST
def log_verify(request: SignedInRequest) -> HttpResponseRedirect:
    """Ask for a check of the whole chain."""
    services.request_verification(actor=request.user)
    return redirect("reports:log-list")


def _wanted(asked: QueryDict) -> LogFilter:
    typed = {name: asked.get(name, "").replace("\0", "") for name in asked}
    return LogFilter(
        actor=typed.get("actor", ""),
        action=typed.get("action", ""),
        kind=typed.get("kind", ""),
        vendor=typed.get("vendor", ""),
        since=_day(typed.get("since")),
        until=_day(typed.get("until")),
        q=typed.get("q", ""),
    )


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if 1970 <= day.year <= 9000 else None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else None


Row = tuple[AuditEntry, str, str, str, str]


def _rows(user: Any, entries: Iterable[AuditEntry]) -> list[Row]:
    """Each entry with its action and kind in words, the page of its target, its vendor's name."""
    listed = list(entries)
    names = selectors.vendor_names(user, listed)
    return [
        (
            entry,
            action_words(entry.action),
            _kind(entry),
            page_of(entry),
            names.get(entry.vendor_id or 0, ""),
        )
        for entry in listed
    ]


def _kind(entry: AuditEntry) -> str:
    """What kind of thing its target is, unless its name begins with that already."""
    words = kind_words(entry.target_type) if entry.target_type else ""
    is_told = entry.target_name.lower().startswith(words.partition(" ")[0].lower())
    return "" if is_told else words


def _told_changes(entry: AuditEntry) -> list[tuple[str, str, str]] | None:
    changes = selectors.changes_in(entry)
    if changes is None:
        return None
    return [(_label(item.name), _told(item.before), _told(item.after)) for item in changes]


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _told(value: object) -> str:
    """A value of the log as text: short ones plainly, structures as JSON over lines."""
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, indent=2)
    return str(value)


def _lines(entries: Iterator[AuditEntry]) -> Iterator[tuple[object, ...]]:
    for entry in entries:
        yield (
            entry.number,
            entry.at.astimezone(UTC).isoformat(),
            entry.actor_name,
            entry.action,
            entry.target_type,
            entry.target_id,
            entry.target_name,
            entry.vendor_id,
            json.dumps(entry.data, ensure_ascii=False, sort_keys=True),
            entry.previous,
            entry.hash,
        )
