"""What each environment reaches, as the last run found it, and what differs from the run before."""

from typing import Any, NamedTuple

from django.db import connection
from django.db.backends.utils import CursorWrapper

from apps.access.models import ScanRun
from apps.engine.analysis import Answer
from apps.engine.values import ReachKind, Sensitivity


class ReachDrift(NamedTuple):
    """How many pairs gained or lost reach (or a verdict changed), and how many were not seen."""

    gained: int
    lost: int
    regraded: int
    not_seen: int


_STAGE = """
CREATE TEMPORARY TABLE pairs ON COMMIT DROP AS
SELECT e.key AS environment, d.key AS deployment, p.reach, p.proven, p.verdict
FROM access_pairreach p
JOIN access_environment e ON e.id = p.environment_id
JOIN access_deployment d ON d.id = p.deployment_id
WITH NO DATA
"""

# What stood joined with what was found, by key; one side is null where a pair is new or gone.
_COMPARE = """
CREATE TEMPORARY TABLE drifted ON COMMIT DROP AS
SELECT coalesce(now.environment, e.key) AS environment,
       coalesce(now.deployment, d.key) AS deployment,
       p.id AS pair, p.reach AS before, now.reach AS after, now.proven,
       p.verdict AS verdict_before, now.verdict AS verdict_after,
       now.environment IS NOT NULL OR (
           e.status = 'active' AND h.status = 'active' AND m.sensitivity = ANY(%(sensitive)s)
       ) AS seen
FROM access_pairreach p
JOIN access_environment e ON e.id = p.environment_id
JOIN access_deployment d ON d.id = p.deployment_id
JOIN access_environment h ON h.id = d.environment_id
JOIN access_aimodel m ON m.id = d.model_id
FULL JOIN pairs now ON now.environment = e.key AND now.deployment = d.key
WHERE p.id IS NULL OR now.environment IS NULL
   OR (p.reach, p.proven) <> (now.reach, now.proven)
   OR p.verdict IS DISTINCT FROM now.verdict
"""
# Whoever is deleting one of these is waited for, before anything is held that they wait for.
_LOCK_ENVIRONMENTS = """
SELECT 1 FROM access_environment
WHERE key IN (SELECT environment FROM drifted) ORDER BY id FOR KEY SHARE
"""
_LOCK_DEPLOYMENTS = """
SELECT 1 FROM access_deployment
WHERE key IN (SELECT deployment FROM drifted) ORDER BY id FOR KEY SHARE
"""
_REMEMBER = """
INSERT INTO access_reachchange
    (run_id, environment, deployment, before, after, verdict_before, verdict_after, seen)
SELECT %(run)s, environment, deployment, coalesce(before, %(none)s), coalesce(after, %(none)s),
       verdict_before, verdict_after, seen
FROM drifted
WHERE before IS DISTINCT FROM after OR verdict_before IS DISTINCT FROM verdict_after
ORDER BY environment, deployment
"""
_FORGET = """
DELETE FROM access_pairreach p USING drifted WHERE p.id = drifted.pair AND drifted.after IS NULL
"""
_CHANGE = """
UPDATE access_pairreach p
SET reach = drifted.after, proven = drifted.proven, verdict = drifted.verdict_after,
    since_id = %(run)s
FROM drifted WHERE p.id = drifted.pair AND drifted.after IS NOT NULL
"""
_ADD = """
INSERT INTO access_pairreach (environment_id, deployment_id, reach, proven, verdict, since_id)
SELECT e.id, d.id, drifted.after, drifted.proven, drifted.verdict_after, %(run)s
FROM drifted
JOIN access_environment e ON e.key = drifted.environment
JOIN access_deployment d ON d.key = drifted.deployment
WHERE drifted.pair IS NULL
"""
_COUNT = """
SELECT count(*) FILTER (WHERE seen AND array_position(%(ladder)s, after)
                                       > array_position(%(ladder)s, before)),
       count(*) FILTER (WHERE seen AND array_position(%(ladder)s, after)
                                       < array_position(%(ladder)s, before)),
       count(*) FILTER (WHERE seen AND after = before),
       count(*) FILTER (WHERE NOT seen)
FROM access_reachchange WHERE run_id = %(run)s
"""
_STATEMENTS = (
    *(_COMPARE, _LOCK_ENVIRONMENTS, _LOCK_DEPLOYMENTS),
    *(_REMEMBER, _FORGET, _CHANGE, _ADD, _COUNT),
)
_LADDER = [
    ReachKind.NONE,
    ReachKind.CREDENTIAL_ONLY,
    ReachKind.NETWORK_ONLY,
    ReachKind.USABLE,
]


def replace_reach(*, run: ScanRun, answer: Answer) -> ReachDrift:
    """Make the stored reach that of the answer, and keep every difference as the run's drift.

    Part of the transaction that stores a run. A pair that is gone counts as lost when both its ends
    were looked at, and as not seen when they were not. The pairs of an environment or a deployment
    that has been deleted (only one that nothing refers to can be) went with it, and count as
    neither; its findings are closed as not seen.
    """
    values: dict[str, Any] = {
        "run": run.pk,
        "none": ReachKind.NONE,
        "ladder": [str(kind) for kind in _LADDER],
        "sensitive": [str(s) for s in Sensitivity if s.is_sensitive],
    }
    with connection.cursor() as cursor:
        _stage(cursor, answer)
        for statement in _STATEMENTS:
            cursor.execute(statement, values)
        drift = ReachDrift(*cursor.fetchone())
        cursor.execute("DROP TABLE drifted, pairs")
    return drift


def _stage(cursor: CursorWrapper, answer: Answer) -> None:
    cursor.execute(_STAGE)
    with cursor.copy("COPY pairs FROM STDIN") as copy:
        for reach, verdict in answer.pairs():
            copy.write_row((*reach, verdict))
    cursor.execute("CREATE UNIQUE INDEX ON pairs (environment, deployment)")
    cursor.execute("ANALYZE pairs")
