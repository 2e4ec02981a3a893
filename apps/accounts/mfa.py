"""The second factor: codes of an authenticator app, and recovery codes for when it is lost.

Rows and algorithms are django-allauth's. Its secrets are encrypted here with a key that is derived
from SECRET_KEY, and each code of an app counts once.
"""

import base64
import io
from enum import StrEnum
from typing import Any

import qrcode
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from qrcode.image.svg import SvgPathFillImage

from apps.accounts.models import User
from apps.core.errors import ConflictError

TOTP, RECOVERY = Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES


class Factor(StrEnum):
    """What somebody showed besides the password."""

    APP = "app"
    RECOVERY_CODE = "recovery_code"


class Adapter(DefaultMFAAdapter):  # type: ignore[misc] # an untyped library
    """How django-allauth stores secrets: encrypted, readable with former keys as well."""

    def encrypt(self, text: str) -> str:
        return _boxes().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        try:
            return _boxes().decrypt(encrypted_text.encode()).decode()
        except InvalidToken as error:
            raise ConflictError(
                "The second factor of this account cannot be read any more, because the secret "
                "key of this installation was changed. Ask an administrator to reset it."
            ) from error


def _boxes() -> MultiFernet:
    return MultiFernet([_box(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)])


def _box(key: str) -> Fernet:
    derived = HKDF(SHA256(), length=32, salt=None, info=b"vendorrisk second factor")
    return Fernet(base64.urlsafe_b64encode(derived.derive(key.encode())))


# --- reading -------------------------------------------------------------------------------------


def is_set_up(user: User) -> bool:
    """Whether signing in asks this person for a code."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type=TOTP).exists())


def recovery_codes_left(user: User) -> int:
    """How many recovery codes of this person were not used yet."""
    row = Authenticator.objects.filter(user_id=user.pk, type=RECOVERY).first()
    return len(RecoveryCodes(row).get_unused_codes()) if row else 0


def new_secret() -> str:
    """A secret for an authenticator app, in base 32."""
    return str(totp.generate_totp_secret())


def picture(user: User, secret: str) -> str:
    """The secret as a picture that an app reads: the address of an SVG that holds itself."""
    drawn = io.BytesIO()
    address = Adapter().build_totp_url(user, secret)
    qrcode.make(address, image_factory=SvgPathFillImage, border=2).save(drawn)
    return "data:image/svg+xml;base64," + base64.b64encode(drawn.getvalue()).decode()


def as_file(user: User, codes: list[str]) -> str:
    """Recovery codes as a text file: an address that holds it."""
    text = "\n".join(
        [f"Vendorrisk: recovery codes of {user.email}", "Each works once.", "", *codes]
    )
    return "data:text/plain;base64," + base64.b64encode(f"{text}\n".encode()).decode()


def interval_of(secret: str, code: str) -> int | None:
    """Which interval of half a minute ``code`` belongs to; none when it is wrong or out of date."""
    return next(
        (
            counter
            for counter in totp.yield_hotp_counters_from_time()
            if compare_user_code(
                actual=code, expected=totp.format_hotp_value(totp.hotp_value(secret, counter))
            )
        ),
        None,
    )


# --- steps of services, in their transaction -----------------------------------------------------


def store(user: User, secret: str, interval: int) -> list[str]:
    """Keep the secret of an app; gives fresh recovery codes. ``interval`` is used up."""
    data = {"secret": Adapter().encrypt(secret), "interval": interval}
    Authenticator.objects.create(user=user, type=TOTP, data=data)
    return fresh_recovery_codes(user)


def fresh_recovery_codes(user: User) -> list[str]:
    """Recovery codes in place of those that there were."""
    Authenticator.objects.filter(user_id=user.pk, type=RECOVERY).delete()
    codes: list[str] = RecoveryCodes.activate(user).get_unused_codes()
    return codes


def remove(user: User) -> bool:
    """Forget secret and recovery codes; whether there were any."""
    removed, _by_model = Authenticator.objects.filter(user_id=user.pk).delete()
    return bool(removed)


def use(user: User, code: str) -> Factor | None:
    """Use up a code of the app or a recovery code; none when it is neither, or was used before."""
    rows: dict[str, Any] = {
        row.type: row for row in Authenticator.objects.select_for_update().filter(user_id=user.pk)
    }
    if TOTP in rows and _use_app(rows[TOTP], code):
        _encrypt_anew(rows)
        return Factor.APP
    if RECOVERY in rows and RecoveryCodes(rows[RECOVERY]).validate_code(code):
        return Factor.RECOVERY_CODE
    return None


def _use_app(row: Any, code: str) -> bool:
    secret = Adapter().decrypt(row.data["secret"])
    interval = interval_of(secret, code)
    if interval is None or interval <= row.data["interval"]:
        return False
    row.data["interval"] = interval
    row.record_usage()
    return True


def _encrypt_anew(rows: dict[str, Any]) -> None:
    """With the present key, so that a former one can be given up in time."""
    box = Adapter()
    for row in rows.values():
        name = "secret" if row.type == TOTP else "seed"
        row.data[name] = box.encrypt(box.decrypt(row.data[name]))
        row.save(update_fields=["data"])
