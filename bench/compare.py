"""The engine against things that are known, in one run on one graph: prints times and ratios.

    python -m bench.compare [--scale 1] [--growth]

Makes a portfolio, imports it into a scratch database, and measures: the facts from PostgreSQL to
arrays, the analysis, the proofs, the storing of a run, memory; then the same reach with networkx
and with recursive queries, whose answers must be the same. ``--growth`` repeats the engine's part
at a tenth and at ten times the scale (the latter wants about 12 GB for making the portfolio).
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import django

T = TypeVar("T")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def say(what: str, seconds: float, note: str = "") -> None:
    print(f"{what:<58}{seconds:>10.2f} s  {note}", flush=True)


@contextmanager
def scratch_database() -> Iterator[None]:
    from django.db import connection

    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def engine_part(scale: float) -> dict[str, float]:
    """Import, load, analyse, prove, store; prints each and gives the times back."""
    from apps.access.selectors.tables import load_tables
    from apps.access.services import analysis
    from apps.access.services.interchange import import_graph
    from apps.accounts import policy
    from apps.engine.analysis import Answer
    from apps.engine.document import graph_to_document
    from bench.portfolio import NOW, portfolio

    seconds, text = timed(lambda: json.dumps(graph_to_document(portfolio(scale))))
    say("making the portfolio", seconds, f"{len(text) / 1e6:.0f} MB of JSON")
    actor = policy.system_actor()
    seconds, _ = timed(lambda: import_graph(actor=actor, text=text))
    say("import of the document into an empty database", seconds)
    times = {}
    times["load"], tables = timed(load_tables)
    size = len(tables.environments.keys)
    say("facts from PostgreSQL to arrays", times["load"], f"{size} environments")
    rounds = [timed(lambda: Answer(tables, NOW)) for _ in range(3)]
    times["analysis"] = sorted(seconds for seconds, _ in rounds)[1]
    answer = rounds[-1][1]
    counts = answer.counts
    say(
        "analysis: reach, verdicts, findings (median of 3)",
        times["analysis"],
        f"{len(answer.analysis.pairs.environment)} pairs, "
        f"{counts.proven + counts.possible} findings",
    )
    del rounds
    times["prove"], found = timed(lambda: list(answer.findings()))
    say("a witness and words for every finding", times["prove"])
    run = analysis._start(actor, NOW)
    times["store"], _ = timed(lambda: analysis._store(run, answer, found))
    say("findings, reach, drift and digests stored", times["store"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    say("peak memory of this process, import included", peak, "GB, not seconds")
    return times


def memory_of_a_scan() -> None:
    """A scan in a process of its own, as the worker does it."""
    from django.db import connection

    code = (
        "import django, resource; django.setup()\n"
        "from apps.access.services import analysis\n"
        "from apps.accounts import policy\n"
        "from bench.portfolio import NOW\n"
        "analysis.scan_now(actor=policy.system_actor(), now=NOW)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)\n"
    )
    options = connection.settings_dict
    host = options["HOST"] or "localhost"
    query = f"?host={host}" if host.startswith("/") else ""
    address = "" if query else f"{host}:{options['PORT'] or 5432}"
    url = f"postgresql://{options['USER']}@{address}/{options['NAME']}{query}"
    environment = os.environ | {"DATABASE_URL": url}
    seconds, out = timed(
        lambda: subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
    )
    say("a whole scan in a process of its own", seconds, f"peak {out.stdout.strip()} GB")


def baselines(scale: float, ours: float) -> None:
    """networkx and SQL on the same graph; their answers must be ours."""
    from django.db import connection

    from apps.engine.analysis import Answer, tables_from_graph
    from apps.engine.closure import World
    from apps.engine.values import ReachKind
    from bench import with_networkx, with_sql
    from bench.portfolio import NOW, portfolio

    graph = portfolio(scale)
    answer = Answer(tables_from_graph(graph), NOW)
    network = (ReachKind.USABLE, ReachKind.NETWORK_ONLY)
    keyed = (ReachKind.USABLE, ReachKind.CREDENTIAL_ONLY)
    reach = list(answer.reach())
    expected = with_networkx.Reached(
        {(r.environment, r.deployment) for r in reach if r.reach in network},
        {(r.environment, r.deployment) for r in reach if r.proven in network},
        {(r.environment, r.deployment) for r in reach if r.reach in keyed},
    )
    for name, ask in (
        ("networkx, what each environment reaches", with_networkx.ask_each_environment),
        ("networkx, backwards from each deployment", with_networkx.ask_each_deployment),
    ):
        seconds, found = timed(lambda ask=ask: ask(graph))  # type: ignore[misc] # bound at once
        if found != expected:
            raise SystemExit(f"{name}: another answer")
        say(name, seconds, f"{seconds / ours:.0f} times the whole analysis")
    for name, query in (
        ("recursive CTE, what each environment reaches", with_sql.FORWARDS),
        ("recursive CTE, backwards from each deployment", with_sql.BACKWARDS),
    ):
        seconds, pairs = 0.0, []
        for world in World:
            with_sql.lay_out(answer.analysis, world)
            took, count = timed(lambda query=query: with_sql.count(query, answer.analysis))  # type: ignore[misc] # bound at once
            seconds += took
            pairs.append(count)
        say(name, seconds, f"{seconds / ours:.0f} times the whole analysis, pairs {pairs}")
    connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="The engine against things that are known.")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--growth", action="store_true")
    options = parser.parse_args()
    os.environ["DJANGO_SETTINGS_MODULE"] = "vendorrisk.settings"
    # What an import asks for is measured, not done.
    os.environ["CELERY_BROKER_URL"] = "memory://localhost/"
    django.setup()
    with scratch_database():
        print(f"scale {options.scale:g}")
        times = engine_part(options.scale)
        memory_of_a_scan()
        baselines(options.scale, times["analysis"])
    if options.growth:
        for factor in (0.1, 10.0):
            with scratch_database():
                print(f"scale {options.scale * factor:g}")
                grown = engine_part(options.scale * factor)
            for name, seconds in grown.items():
                print(f"  {name}: {seconds / times[name]:.2f} times scale {options.scale:g}")


if __name__ == "__main__":
    main()
