"""Test people. Saved past the services and their checks; the database's constraints hold."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from apps.accounts.choices import Role
from apps.accounts.models import User

PASSWORD = "a long enough test password"


class UserFactory(DjangoModelFactory[User]):
    """Somebody with a password and no role: signed in, and that is all."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    name = factory.Sequence(lambda n: f"Person {n}")  # type: ignore[attr-defined,no-untyped-call] # untyped in factory-boy
    email = factory.LazyAttribute(lambda user: f"{user.name.lower().replace(' ', '.')}@example.org")  # type: ignore[attr-defined,no-untyped-call] # the same
    password = PASSWORD

    @classmethod
    def _create(cls, model_class: type[User], *args: Any, **kwargs: Any) -> User:  # noqa: ARG003 - as it is called
        roles = sorted({str(role) for role in kwargs.pop("roles", ())})
        password = None if Role.INTEGRATION in roles else kwargs.pop("password")
        user = model_class(**kwargs, roles=roles)
        user.set_password(password)
        user.save()
        return user
