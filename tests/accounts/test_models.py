"""What the database itself refuses about people."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from apps.accounts.choices import Role
from apps.accounts.models import User
from tests.conftest import Person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"roles": ["respondent", "analyst"]}, "respondent_stays_outside"),
        ({"roles": ["respondent"], "all_vendors": True}, "respondent_stays_outside"),
        ({"roles": ["integration", "auditor"]}, "integration_is_no_person"),
        ({"roles": ["integration"], "password": "md5$x"}, "integration_is_no_person"),
        ({"roles": ["superuser"]}, "roles_known"),
        ({"is_system": True, "password": "md5$x"}, "system_cannot_sign_in"),
        ({"is_system": True, "roles": ["administrator"]}, "system_cannot_sign_in"),
        ({"email": "Nora@example.org"}, "email_lower_case"),
    ],
)
def test_the_database_refuses(fields: dict[str, Any], constraint: str) -> None:
    plain = {"email": "nora@example.org", "name": "Nora", "password": "!unusable"}
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        User.objects.create(**(plain | fields))
    User.objects.create(**plain)


def test_there_is_one_system_actor() -> None:
    User.objects.create(email="a@example.org", password="!", is_system=True)
    with pytest.raises(IntegrityError, match="one_system_actor"), transaction.atomic():
        User.objects.create(email="b@example.org", password="!", is_system=True)


def test_an_address_is_one_person_whatever_its_case(person: Person) -> None:
    nora = person("Nora", Role.ANALYST)
    assert User.objects.get_by_natural_key(" NORA@Example.ORG ") == nora
    with pytest.raises(ValidationError, match="already exists"):
        User.objects.create_user(name="Nora", email="NORA@example.org")


def test_nobody_stands_above_the_roles() -> None:
    assert not hasattr(User, "is_superuser")
    with pytest.raises(CommandError, match="create_owner"):
        call_command("createsuperuser", email="x@example.org", name="X", interactive=False)
    assert not User.objects.exists()


def test_a_person_is_called_by_name_or_by_address() -> None:
    assert str(User(name="Nora", email="nora@example.org")) == "Nora"
    assert str(User(email="nora@example.org")) == "nora@example.org"
