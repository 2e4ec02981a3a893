"""The kinds of facts that have pages: one description each, from which every page is made.

A kind says what it is called, what is shown of it, how it is narrowed, which services write it, and
which other facts are listed beside it. The pages in ``facts`` know no kind by name.
"""

from apps.access.views.kinds.evidence import DRILLS, EXPOSURES
from apps.access.views.kinds.identities import CREDENTIALS, IDENTITIES
from apps.access.views.kinds.inventory import ALLOWLIST, DEPLOYMENTS, ENVIRONMENTS, MODELS
from apps.access.views.kinds.kind import Kind
from apps.access.views.kinds.relations import (
    ADMINISTERS,
    CONNECTS,
    ENTERS,
    GRANTS,
    HOLDS,
    JUMPS,
    MEMBER_OF,
)

RELATIONS = (HOLDS, ENTERS, MEMBER_OF, JUMPS, CONNECTS, GRANTS, ADMINISTERS)
TABS = (
    *(ENVIRONMENTS, IDENTITIES, CREDENTIALS, MODELS, DEPLOYMENTS, ALLOWLIST),
    CONNECTS,  # stands for all relations
    *(EXPOSURES, DRILLS),
)
KINDS: dict[str, Kind] = {kind.slug: kind for kind in (*TABS, *RELATIONS)}
