"""Looks for secrets in the tracked files: shapes that only a key or a password with a use has."""

import re
import subprocess
from pathlib import Path

from scripts.launcher.places import ROOT

SHAPES = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    "an access key of a cloud": re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    "a token of a code host": re.compile(
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,}|glpat-[\w-]{20,})\b"
    ),
    "a key of a model's API": re.compile(r"\bsk-(?:[a-z]+-)*[A-Za-z0-9_-]{32,}\b"),
    "a token of a chat": re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{20,}\b"),
    "a signed token": re.compile(r"\beyJ[\w-]{15,}\.eyJ[\w-]{15,}\.[\w-]{15,}"),
    "a password in an address": re.compile(
        r"\b[a-z][a-z0-9+]*://[^\s:/@<>${}\"']*:(?![A-Z_]+@)[^\s:/@<>${}\"']{6,}@"
    ),
    "a secret written out": re.compile(
        r"(?i)\b(?:secret_key|password|api_key|auth_token)\s*[:=]\s*[\"'](?=[^\"']*\d)[^\"'\s${}<>]{16,}[\"']"
    ),
}
NEVER_TRACKED = re.compile(r"(^|/)(\.env|id_rsa|id_ed25519|secret_key|demo-users\.txt|.*\.pem)$")
# Names a line may carry to say that it was looked at: the value guards nothing.
LOOKED_AT = "not a secret:"


def find() -> list[str]:
    """Each suspect as a line: file, line number, what it looks like; never the thing itself."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        if NEVER_TRACKED.search(name):
            found.append(f"{name}: a file of this name holds secrets and must not be tracked")
        found += _in_file(name)
    return found


def _in_file(name: str) -> list[str]:
    try:
        text = Path(ROOT, name).read_text()
    except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
        return []
    return [
        f"{name}:{number}: looks like {what}"
        for number, line in enumerate(text.splitlines(), 1)
        if LOOKED_AT not in line
        for what, shape in SHAPES.items()
        if shape.search(line)
    ]
