"""Test databases in a moment: migrated once, kept as a template, copied ever after.

The template is named by a digest of everything that could change what the migrations make, so an
edit means a new one. Only the embedded server has them: another one is not ours to leave things on.
"""

import fcntl
import hashlib
from typing import Any

from django.conf import settings
from django.db.backends.postgresql import creation
from psycopg import sql

PREFIX = "migrated_"


class DatabaseCreation(creation.DatabaseCreation):
    """Copies the template, and makes it first when there is none."""

    def create_test_db(self, *args: Any, **kwargs: Any) -> str:
        template = PREFIX + _digest()
        data = settings.EMBEDDED_POSTGRES_DIR
        data.parent.mkdir(parents=True, exist_ok=True)
        with data.with_name(f"{data.name}.template").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the workers of one run come here together
            if template not in self._templates():
                return self._make_template(template, *args, **kwargs)
        self.connection.settings_dict["TEST"]["TEMPLATE"] = template
        return super().create_test_db(*args, **kwargs)

    def _templates(self) -> list[str]:
        with self.connection._nodb_cursor() as cursor:
            cursor.execute(
                "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX]
            )
            return [name for (name,) in cursor.fetchall()]

    def _make_template(self, template: str, *args: Any, **kwargs: Any) -> str:
        name = super().create_test_db(*args, **kwargs)
        old = self._templates()
        self.connection.close()  # a database is copied only while nobody uses it
        with self.connection._nodb_cursor() as cursor:
            for outdated in old:
                cursor.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(outdated)))
            copy = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            cursor.execute(copy.format(sql.Identifier(template), sql.Identifier(name)))
        self.connection.ensure_connection()
        return name


def _digest() -> str:
    """Of the application's code and settings and its requirements, as far as this checkout goes."""
    digest = hashlib.sha256()
    root = settings.BASE_DIR
    for path in [root / "requirements.txt", *sorted(root.glob("vendorrisk/settings*.py"))]:
        digest.update(path.read_bytes())
    for path in sorted(root.glob("apps/**/*.py")):
        digest.update(f"{path.relative_to(root)} {path.stat().st_size}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]
