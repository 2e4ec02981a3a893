"""How long the server takes for each page over a large portfolio, beside the database alone.

    python -m bench.pages [--scale 1] [--keep]

Makes a portfolio (scale 1: 100,000 environments, a million relations), imports and scans it in a
scratch database, then asks for every page that takes no argument, and for one page of each kind
that does, as somebody who sees everything: the median of several answers, how many questions the
database was asked, and the share of the time that it took for them. ``--keep`` keeps the database
for the next start, which then begins at once.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import django

ROUNDS = 7
MOST_PAGE, MOST_OVERVIEW = 0.150, 0.300
"""Seconds at the median that a page, and the first page, should not go over."""


@contextmanager
def portfolio_database(scale: float, *, keep: bool) -> Iterator[None]:
    from django.db import connection

    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True, keepdb=keep)
    try:
        fill(scale)
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0, keepdb=keep)


def fill(scale: float) -> None:
    """Import and scan, unless a kept database holds it already."""
    from django.db import connection

    from apps.access.models import Environment, ScanRun
    from apps.access.services.analysis import scan_now
    from apps.access.services.interchange import import_graph
    from apps.accounts import policy
    from apps.engine.document import graph_to_document
    from bench.portfolio import NOW, portfolio

    actor = policy.system_actor()
    if not Environment.objects.exists():
        text = json.dumps(graph_to_document(portfolio(scale)))
        import_graph(actor=actor, text=text)
    if not ScanRun.objects.filter(finished_at__isnull=False).exists():
        scan_now(actor=actor, now=NOW)
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def addresses() -> Iterator[tuple[str, str]]:
    """Every page by GET: its name, and an address that exists."""
    from django.urls import NoReverseMatch, get_resolver, reverse

    arguments = subjects()
    for name, namespace in names(get_resolver()):
        full = f"{namespace}{name}"
        try:
            yield full, reverse(full)
        except NoReverseMatch:
            for kwargs in arguments.get(full, []):
                label = " ".join(str(value) for value in kwargs.values() if isinstance(value, str))
                yield f"{full} {label}".strip(), reverse(full, kwargs=kwargs)


def names(resolver: object, namespace: str = "") -> Iterator[tuple[str, str]]:
    from django.urls import URLResolver

    for entry in resolver.url_patterns:  # type: ignore[attr-defined] # of URLResolver
        if isinstance(entry, URLResolver):
            yield from names(
                entry, f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            )
        elif entry.name:
            yield entry.name, namespace


def subjects() -> dict[str, list[dict[str, object]]]:
    """The arguments to ask each page about: the busiest rows, so that nothing is spared."""
    from django.db.models import Count

    from apps.access.models import AIModel, Environment, ScanRun
    from apps.findings.models import Finding
    from apps.vendors.models import Vendor

    vendor = Vendor.objects.annotate(n=Count("environments")).order_by("-n").first()
    place = Environment.objects.annotate(n=Count("connected_from")).order_by("-n").first()
    model = AIModel.objects.annotate(n=Count("deployments__pairs")).order_by("-n").first()
    finding = Finding.objects.order_by("-id").first()
    run = ScanRun.objects.latest("pk")
    found: dict[str, list[dict[str, object]]] = {}
    if vendor:
        for page in ("vendor-detail", "vendor-edit"):
            found[f"vendors:{page}"] = [{"pk": vendor.pk}]
    if finding:
        found["findings:finding-detail"] = [{"pk": finding.pk}]
    found["access:run-detail"] = [{"pk": run.pk}]
    if model:
        found["access:model-detail"] = [{"pk": model.pk}]
    if place:
        found["access:fact-detail"] = [{"kind": "environments", "pk": place.pk}]
    return found


def measure() -> bool:
    """Print a line a page; whether every one stays under its limit."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from apps.accounts.choices import Role
    from apps.accounts.models import User

    user, _ = User.objects.get_or_create(
        email="bench@example.org",
        defaults={
            "name": "Bench",
            "roles": sorted([Role.ANALYST, Role.ADMINISTRATOR]),
            "all_vendors": True,
        },
    )
    client = Client()
    client.force_login(user)
    fine = True
    print(f"{'page':<44}{'median':>9}{'worst':>9}{'queries':>9}{'database':>10}")
    for name, address in sorted(addresses()):
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            answer = client.get(address)
            b"".join(answer) if answer.streaming else answer.content
            times.append(time.perf_counter() - start)
        if answer.status_code >= 400 or answer.status_code in (301, 302):
            continue
        with CaptureQueriesContext(connection) as captured:
            client.get(address)
        database = sum(float(query["time"]) for query in captured.captured_queries)
        median = statistics.median(times)
        limit = MOST_OVERVIEW if name == "overview" else MOST_PAGE
        fine = fine and median <= limit
        print(
            f"{name:<44}{median * 1000:>6.0f} ms{max(times) * 1000:>6.0f} ms{len(captured):>9}"
            f"{database / median:>9.0%}{'  over its limit' if median > limit else ''}",
            flush=True,
        )
    return fine


def main() -> None:
    parser = argparse.ArgumentParser(description="Pages over a large portfolio.")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "vendorrisk.settings"
    os.environ["CELERY_BROKER_URL"] = "memory://localhost/"
    django.setup()
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["testserver"]
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}  # nothing has been collected
    with portfolio_database(options.scale, keep=options.keep):
        print("every page is under its limit" if measure() else "some pages are over their limit")


if __name__ == "__main__":
    main()
