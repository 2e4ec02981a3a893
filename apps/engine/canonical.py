"""One way to write a value as bytes, and the digests and fingerprints that rest on it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

_ENCODER = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)


def canonical(value: Any) -> bytes:
    """JSON with sorted keys, no spaces, in UTF-8: equal values give equal bytes."""
    return _ENCODER.encode(value).encode()


def sha256(data: bytes) -> str:
    """The SHA-256 of the bytes, as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def fingerprint(rule: str, subject: Mapping[str, str]) -> str:
    """What makes a finding the same finding: 32 hex digits over the rule and its subject."""
    return sha256(rule.encode() + b"\n" + canonical(dict(subject)))[:32]
