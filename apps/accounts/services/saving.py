"""Saving a user. Steps of the services beside this, in their transaction."""

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from apps.accounts.choices import Role
from apps.accounts.models import User
from apps.core.errors import InvalidError


def set_password(user: User, password: str | None) -> None:
    """Save with a new password, or with none so that nobody signs in by one.

    Raises InvalidError for a weak one, and for an integration that would get one.
    """
    if password is not None:
        _check(user, password)
    user.set_password(password)
    save(user)


def save(user: User) -> None:
    """Save what the model allows. Raises InvalidError by field for what it does not."""
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        raise InvalidError(" ".join(error.messages), error.message_dict) from error
    user.save()


def _check(user: User, password: str) -> None:
    if user.has_role(Role.INTEGRATION):
        sentence = "An integration account has no password."
        raise InvalidError(sentence, {"password": [sentence]})
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidError(" ".join(error.messages), {"password": error.messages}) from error
