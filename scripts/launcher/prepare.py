"""Run inside the environment before anything is served: tables, static files, demo portfolio."""

import hashlib
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[0] = str(ROOT)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendorrisk.settings")


def main() -> int:
    import django
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management.base import CommandError
    from django.db import OperationalError

    try:
        django.setup()
        make_tables()
        gather_static_files()
        load_demo()
    except ImproperlyConfigured as error:
        sys.stderr.write(f"The settings do not fit: {error}\n")
    except OperationalError as error:
        sys.stderr.write(f"The database cannot be used: {str(error).strip()}\n")
    except CommandError as error:
        sys.stderr.write(f"{error}\n")
    else:
        return 0
    return 1


def make_tables() -> None:
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        print("Making the tables up to date.", flush=True)
        call_command("migrate", interactive=False, verbosity=0)


def gather_static_files() -> None:
    """Compressing them takes seconds, so only when one has changed since."""
    from django.conf import settings
    from django.core.management import call_command

    note, now = settings.STATIC_ROOT / "gathered-from", _static_digest()
    if note.exists() and note.read_text() == now:
        return
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    note.write_text(now)


def _static_digest() -> str:
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders

    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = Path(storage.path(path)).stat()
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def load_demo() -> None:
    """Only into an installation that nobody uses yet, and not where it is declined."""
    from django.apps import apps
    from django.conf import settings
    from django.contrib.auth import get_user_model
    from django.core.management import call_command

    if settings.PRODUCTION or os.environ.get("VENDORRISK_DEMO", "").lower() in {"0", "false", "no"}:
        return
    if get_user_model()._default_manager.filter(is_system=False).exists():
        return
    facts = ("vendors.Vendor", "access.Environment", "access.AIModel")
    if any(apps.get_model(name)._default_manager.exists() for name in facts):
        return
    print("Loading the demo portfolio.", flush=True)
    call_command("load_demo")


if __name__ == "__main__":
    sys.exit(main())
