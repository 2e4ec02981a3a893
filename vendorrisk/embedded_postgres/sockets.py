"""Where the socket of an embedded server lies."""

import hashlib
import os
import re
import stat
import tempfile
from pathlib import Path

from vendorrisk.embedded_postgres import EmbeddedPostgresError
from vendorrisk.embedded_postgres.account import Account

LONGEST = 80  # bytes; the system's limit is about 100 with the socket's own name
PLAIN = re.compile(r"[A-Za-z0-9 ._/-]+")  # a comma, say, would mean two servers to libpq


def socket_folder(data: Path, account: Account | None) -> Path:
    """Make the folder: beside the data, or a private one in /tmp where that cannot work."""
    folder = data.with_name(f"{data.name}.socket")
    if len(os.fsencode(folder)) > LONGEST or not PLAIN.fullmatch(str(folder)):
        name = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()) / f"vendorrisk-{os.geteuid()}-{name}"
    owner = account or Account(os.geteuid(), os.getegid())
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {os.geteuid(), owner.uid}:
        raise EmbeddedPostgresError(
            f"{folder}, where PostgreSQL's socket goes, belongs to somebody else. Remove it."
        )
    os.chown(folder, owner.uid, owner.gid)
    folder.chmod(0o700)
    return folder
