"""Codes of an authenticator app whose clock the test sets."""

from typing import Any

import pytest
from allauth.mfa.totp.internal import auth

from apps.accounts import mfa
from apps.accounts.models import User
from apps.accounts.services import second_factor


class App:
    """Somebody's authenticator app; the server's clock shows the same interval."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.secret = mfa.new_secret()
        self.interval = 1_000_000
        patch.setattr(auth, "yield_hotp_counters_from_time", self._near)

    def _near(self) -> Any:
        return iter([self.interval - 1, self.interval, self.interval + 1])

    def code(self, *, ahead: int = 0) -> str:
        value = auth.hotp_value(self.secret, self.interval + ahead)
        return str(auth.format_hotp_value(value))

    def next_code(self) -> str:
        """Half a minute later."""
        self.interval += 1
        return self.code()

    def set_up(self, user: User) -> list[str]:
        """The second factor of ``user``; gives the recovery codes."""
        return second_factor.set_up(actor=user, secret=self.secret, code=self.next_code())
