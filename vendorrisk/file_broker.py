"""Celery's broker when CELERY_BROKER_URL is not set: one file a message, under ``var/broker``.

Kombu has such a transport; it reads files that are still being written and then stops the worker
for good. Here a message appears by a rename, whole or not at all, and is taken by a rename, by one
worker only. One that cannot be read is logged and dropped: work that matters is a row as well.
"""

import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from kombu.transport import virtual
from kombu.utils.json import dumps, loads

logger = logging.getLogger(__name__)

LONGEST_WAIT = 0.5


class Channel(virtual.Channel):
    """Puts messages into folders, one a queue, and takes them out in the order of their names."""

    supports_fanout = False

    def _folder(self, queue: str, stage: str) -> Path:
        client: Any = self.connection.client
        folder = Path(client.transport_options["folder"]) / quote(queue, safe="@") / stage
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _put(self, queue: str, message: Any, **_: Any) -> None:
        name = f"{time.time_ns():020d}-{uuid4().hex}"
        draft = self._folder(queue, "draft") / name
        draft.write_text(dumps(message))
        draft.rename(self._folder(queue, "ready") / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:  # noqa: ARG002 - kombu's own
        for taken in self._take(queue):
            try:
                return loads(taken.read_text())
            except ValueError:
                logger.warning("Dropped a message of queue %s that cannot be read.", queue)
            finally:
                taken.unlink()
        raise Empty

    def _take(self, queue: str) -> Iterator[Path]:
        ready, taken = self._folder(queue, "ready"), self._folder(queue, "taken")
        for name in sorted(os.listdir(ready)):  # noqa: PTH208 - names alone are wanted
            try:
                yield (ready / name).rename(taken / name)
            except FileNotFoundError:  # another worker was faster
                continue

    def _size(self, queue: str) -> int:
        return len(os.listdir(self._folder(queue, "ready")))  # noqa: PTH208 - as above

    def _purge(self, queue: str) -> int:
        purged = 0
        for taken in self._take(queue):
            taken.unlink()
            purged += 1
        return purged


class Transport(virtual.Transport):
    """``files://``, with the folder in the transport options."""

    Channel = Channel
    default_port = 0
    driver_type = "files"
    driver_name = "files"
    implements = virtual.Transport.implements.extend(
        asynchronous=False, exchange_type=frozenset(["direct"])
    )

    def drain_events(self, connection: Any, timeout: float | None = None, **_: Any) -> None:
        # A worker looks up between two waits: shorter ones let it stop sooner.
        wait = timeout and min(timeout, LONGEST_WAIT)
        super().drain_events(connection, timeout=wait)

    def driver_version(self) -> str:
        return "1"
