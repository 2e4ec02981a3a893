"""Relative times, so that the demo never goes stale: ``today-9d+13h20m``."""

import re
from datetime import datetime, timedelta
from typing import NamedTuple

_RELATIVE = re.compile(r"(?P<anchor>today|scan)(?P<rest>([+-](\d+[dhm])+)*)")
_SIGNED = re.compile(r"([+-])((?:\d+[dhm])+)")
_SPAN = re.compile(r"(\d+)([dhm])")
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}


class Instants(NamedTuple):
    """What the times of the files are relative to, in UTC: the loading, and one scan."""

    now: datetime
    scan: datetime

    def at(self, text: str) -> datetime:
        """The instant that a relative time stands for: an anchor, and spans to and fro from there.

        ``today`` is the midnight before the loading, ``scan`` the moment of the scan. Raises
        ValueError for anything else.
        """
        if not (found := _RELATIVE.fullmatch(text)):
            raise ValueError(f"“{text}” is no relative time, such as today-9d+13h20m.")
        midnight = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        instant = midnight if found["anchor"] == "today" else self.scan
        for sign, spans in _SIGNED.findall(found["rest"]):
            for number, unit in _SPAN.findall(spans):
                span = timedelta(**{_UNITS[unit]: int(number)})
                instant += -span if sign == "-" else span
        return instant

    def days_since(self, text: str) -> int:
        """How many whole days before the loading that was."""
        return (self.now - self.at(text)).days

    def is_ahead(self, text: str) -> bool:
        """Whether that had not come yet at the scan."""
        return self.at(text) > self.scan
