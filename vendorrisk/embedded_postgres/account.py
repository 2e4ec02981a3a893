"""As whom PostgreSQL runs when this process is root, which PostgreSQL refuses to be."""

import logging
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path
from typing import NamedTuple

from vendorrisk.embedded_postgres import EmbeddedPostgresError

logger = logging.getLogger(__name__)

ACCOUNT = "vendorrisk"


class Account(NamedTuple):
    """A system account, by numbers."""

    uid: int
    gid: int


def account_for(data: Path) -> Account | None:
    """None for an ordinary user; for root, the owner of the data or an account made for it."""
    if os.geteuid() != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        entry = pwd.getpwnam(ACCOUNT)
    except KeyError:
        entry = _made()
    return Account(entry.pw_uid, entry.pw_gid)


def _made() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        raise EmbeddedPostgresError(
            "PostgreSQL refuses to run as root, and there is no useradd here to make an account "
            "for it. Start as an ordinary user, or set DATABASE_URL."
        )
    command = [useradd, "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", ACCOUNT]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError:
        raise EmbeddedPostgresError(
            f"The account “{ACCOUNT}” for PostgreSQL could not be made: {made.stderr.strip()} "
            "Start as an ordinary user, or set DATABASE_URL."
        ) from None


def let_in(account: Account, programs: Path, data: Path) -> None:
    """Let the account run the programs and get to its data, where the folders above forbid it."""
    for path in (programs, data):
        for folder in path.resolve().parents:
            _add(folder, stat.S_IXOTH, account)
    install = programs.parent
    if not programs.stat().st_mode & stat.S_IXOTH or not _world_may_run(programs / "postgres"):
        for path in (install, *install.rglob("*")):
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            _add(path, stat.S_IROTH | (stat.S_IXOTH if runs else 0), account)


def _world_may_run(path: Path) -> bool:
    wanted = stat.S_IROTH | stat.S_IXOTH
    return path.stat().st_mode & wanted == wanted


def _add(path: Path, bits: int, account: Account) -> None:
    found = path.stat()
    if found.st_mode & bits == bits or found.st_uid == account.uid:
        return
    path.chmod(stat.S_IMODE(found.st_mode) | bits)
    if path.is_dir() and bits == stat.S_IXOTH:
        logger.warning("Other accounts may now pass through %s: PostgreSQL has to.", path)
