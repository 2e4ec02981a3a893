"""Reach with recursive queries in PostgreSQL, on live facts already laid out as edges of integers.

``FORWARDS`` follows the rules as they are written: everything that each environment acts as.
``BACKWARDS`` starts from what passes or is accepted. Both give the number of pairs that reach a
deployment over the network, in one world.
"""

from django.db import connection

from apps.engine.arrays.analysis import Analysis
from apps.engine.arrays.bits import listed
from apps.engine.closure import World

FORWARDS = """
WITH RECURSIVE acts (environment, node) AS (
    SELECT DISTINCT origin, origin FROM bench_environment
    UNION
    SELECT acts.environment, edge.target
    FROM acts JOIN bench_edge edge ON edge.origin = acts.node
)
SELECT count(*) FROM (
    SELECT DISTINCT acts.environment, passes.deployment
    FROM acts JOIN bench_pass passes ON passes.environment = acts.node
) pairs
"""
BACKWARDS = """
WITH RECURSIVE reach (node, deployment) AS (
    SELECT environment, deployment FROM bench_pass
    UNION
    SELECT edge.origin, reach.deployment
    FROM reach JOIN bench_edge edge ON edge.target = reach.node
)
SELECT count(*) FROM reach WHERE node < %(environments)s
"""


def lay_out(analysis: Analysis, world: World) -> None:
    """Edges of the acts graph and who passes in a world, as temporary tables."""
    graph, sweep = analysis.acts.graph, analysis.sweeps[0]
    environment, bit = listed(sweep.passes(world))
    with connection.cursor() as cursor:
        for statement in ("DROP TABLE IF EXISTS bench_edge, bench_pass, bench_environment",):
            cursor.execute(statement)
        cursor.execute("CREATE TEMPORARY TABLE bench_edge (origin int, target int)")
        cursor.execute("CREATE TEMPORARY TABLE bench_pass (environment int, deployment int)")
        cursor.execute("CREATE TEMPORARY TABLE bench_environment (origin int)")
        for table, columns in (
            ("bench_edge", (graph.origin, graph.target)),
            ("bench_pass", (environment, bit)),
            ("bench_environment", (analysis.live.environment.nonzero()[0],)),
        ):
            with cursor.copy(f"COPY {table} FROM STDIN") as copy:
                for row in zip(*(column.tolist() for column in columns), strict=True):
                    copy.write_row(row)
        for statement in (
            "CREATE INDEX ON bench_edge (origin, target)",
            "CREATE INDEX ON bench_edge (target, origin)",
            "CREATE INDEX ON bench_pass (environment, deployment)",
            "ANALYZE bench_edge",
            "ANALYZE bench_pass",
            "ANALYZE bench_environment",
        ):
            cursor.execute(statement)


def count(query: str, analysis: Analysis) -> int:
    """The number of pairs that a query finds; our own gateways and hosts are among them."""
    with connection.cursor() as cursor:
        cursor.execute(query, {"environments": analysis.acts.first_identity})
        (pairs,) = cursor.fetchone()
    return int(pairs)
