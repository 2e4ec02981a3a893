"""How many examples a property is tried on: few as a rule, which differ from run to run.

With VENDORRISK_THOROUGH=1 it is ten times as many, for whoever changes what a property is about.
"""

import os

from hypothesis import HealthCheck, settings

THOROUGH = os.environ.get("VENDORRISK_THOROUGH", "").lower() in {"1", "true", "yes"}


def examples(count: int) -> settings:
    """A decorator: the property is tried on so many examples, however slow the machine."""
    return settings(
        max_examples=count * 10 if THOROUGH else count,
        deadline=None,
        # How fast examples are made depends on what else the machine does.
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )
