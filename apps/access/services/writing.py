"""How a fact of the access graph is written: like any fact, and a scan is asked for."""

from typing import TypeVar

from apps.access.models.runs import RunReason
from apps.access.services.analysis import request_scan
from apps.accounts.models import User
from apps.core.models import Seen
from apps.vendors.facts import FactWriter

F = TypeVar("F", bound=Seen)


class GraphFactWriter(FactWriter[F]):
    """Writes the facts of one model of the access graph; every write asks for a scan."""

    def after_write(self, actor: User) -> None:
        request_scan(actor=actor, reason=RunReason.FACTS_CHANGED)
