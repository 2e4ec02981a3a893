"""The command that makes the first administrator."""

import io
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import CommandParser

from apps.accounts import policy
from apps.accounts.choices import Role
from apps.accounts.management.commands.create_owner import Command
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from tests.factories.accounts import PASSWORD

pytestmark = pytest.mark.django_db

EMAIL = "olga@example.org"


class Terminal(io.StringIO):
    """Standard input of somebody who sits there."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _no_password_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OWNER_PASSWORD", raising=False)
    monkeypatch.delenv("OWNER_PASSWORD_FILE", raising=False)
    monkeypatch.setattr("sys.stdin", io.StringIO())


def owner() -> User:
    return User.objects.get(email=EMAIL)


def test_the_first_administrator_is_made_and_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER_PASSWORD", PASSWORD)
    call_command("create_owner", EMAIL, "--name", "Olga", "--also", "analyst")
    assert owner().roles == ["administrator", "analyst"]
    assert owner().all_vendors
    assert owner().check_password(PASSWORD)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor) == ("user.created", policy.system_actor())


def test_the_password_comes_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"{PASSWORD}\n")
    monkeypatch.setenv("OWNER_PASSWORD_FILE", str(secret))
    call_command("create_owner", EMAIL)
    assert owner().check_password(PASSWORD)


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNER_PASSWORD_FILE", "/nowhere/secret")
    with pytest.raises(CommandError, match="/nowhere/secret"):
        call_command("create_owner", EMAIL)


def test_the_password_comes_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PASSWORD}\nmore\n"))
    call_command("create_owner", EMAIL, "--password-stdin")
    assert owner().check_password(PASSWORD)


def test_the_password_is_asked_for_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal())
    typed = iter([PASSWORD, "another", PASSWORD, PASSWORD])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(typed))
    with pytest.raises(CommandError, match="differ"):
        call_command("create_owner", EMAIL)
    call_command("create_owner", EMAIL)
    assert owner().check_password(PASSWORD)


def test_without_a_password_it_says_how_to_give_one() -> None:
    with pytest.raises(CommandError, match="--password-stdin"):
        call_command("create_owner", EMAIL)
    assert not User.objects.filter(is_system=False).exists()


def test_a_weak_password_or_a_bad_address_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OWNER_PASSWORD", "short")
    with pytest.raises(CommandError, match="too short"):
        call_command("create_owner", EMAIL)
    monkeypatch.setenv("OWNER_PASSWORD", PASSWORD)
    with pytest.raises(CommandError, match="valid email"):
        call_command("create_owner", "olga")


@pytest.mark.usefixtures("alice")
def test_where_there_is_an_administrator_no_other_is_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OWNER_PASSWORD", PASSWORD)
    with pytest.raises(CommandError, match="administrator already"):
        call_command("create_owner", EMAIL)
    call_command("create_owner", EMAIL, "--if-none")
    assert "nothing to do" in capsys.readouterr().out
    assert not User.objects.filter(email=EMAIL).exists()


def test_no_option_takes_the_password_itself() -> None:
    parser = CommandParser()
    Command().add_arguments(parser)
    taking_a_value = {
        action.dest for action in parser._actions if action.nargs != 0 and "password" in action.dest
    }
    assert taking_a_value == set()


def test_a_respondent_cannot_be_made_owner() -> None:
    with pytest.raises(CommandError, match="invalid choice"):
        call_command("create_owner", EMAIL, "--also", str(Role.RESPONDENT))
