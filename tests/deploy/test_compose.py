"""The containers of production: closed, watched, without a secret of their own."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.compose import OURS, ROOT, VARIABLE, compose, dockerfile, filled_in, service

SERVICES = sorted(compose()["services"])
SECRET_NAME = re.compile(r"SECRET|PASSWORD|TOKEN|KEY|_URL")


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "secrets"
    subprocess.run([ROOT / "deploy" / "make-secrets", folder], check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_watched_or_runs_once_and_is_waited_for(name: str) -> None:
    health = service(name)["healthcheck"]
    if health.get("disable"):
        assert service(name)["restart"] == "no"
        waited = [service(other).get("depends_on", {}).get(name) for other in SERVICES]
        assert {"condition": "service_completed_successfully"} in waited
    else:
        assert health["test"][0] in {"CMD", "CMD-SHELL"}
        assert {"interval", "timeout", "retries"} <= health.keys()
        assert service(name)["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_closed(name: str) -> None:
    described = service(name)
    assert described["read_only"] is True
    assert described["cap_drop"] == ["ALL"]
    assert described["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "network_mode", "pid", "env_file"} & described.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_has_a_secret_in_its_environment(name: str) -> None:
    for variable, value in service(name).get("environment", {}).items():
        if SECRET_NAME.search(variable):
            assert variable.endswith("_FILE"), variable
            assert value.removeprefix("/run/secrets/") in service(name)["secrets"]


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name in SERVICES if "ports" in service(name)] == ["proxy"]
    assert compose()["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "redis", "worker", "beat", "migrate"):
        assert service(name)["networks"] == ["inside"]


def test_the_secrets_are_those_that_the_script_makes(secrets: Path) -> None:
    files = {
        filled_in(secret["file"], {"SECRETS_DIR": str(secrets)})
        for secret in compose()["secrets"].values()
    }
    assert files == {str(path) for path in secrets.iterdir()}
    used = {name for described in SERVICES for name in service(described).get("secrets", [])}
    assert used == compose()["secrets"].keys()


def test_the_secrets_fit_together_and_differ_each_time(secrets: Path, tmp_path: Path) -> None:
    def of(folder: Path, name: str) -> str:
        return (folder / name).read_text().strip()

    assert f":{of(secrets, 'postgres_password')}@postgres:" in of(secrets, "database_url")
    redis_password = of(secrets, "redis_conf").removeprefix("requirepass ")
    assert f":{redis_password}@redis:" in of(secrets, "broker_url")
    assert len(of(secrets, "secret_key")) >= 50
    subprocess.run([ROOT / "deploy" / "make-secrets", tmp_path], check=True, capture_output=True)
    for path in secrets.iterdir():
        assert of(tmp_path, path.name) != of(secrets, path.name)


def test_the_secrets_are_closed_to_others_and_never_overwritten(secrets: Path) -> None:
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    again = [ROOT / "deploy" / "make-secrets", secrets]
    done = subprocess.run(again, check=True, capture_output=True, text=True)
    assert "made" not in done.stdout.split()
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
    assert secrets.stat().st_mode & 0o077 == 0


def test_what_must_be_set_is_asked_for_with_a_sentence_and_offered_in_the_example() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    example = (ROOT / ".env.example").read_text()
    needed = {match["name"] for match in VARIABLE.finditer(text) if match["kind"] == "?"}
    assert needed == {"SITE_HOST", "ORGANISATION_NAME", "SECRETS_DIR"}
    for match in VARIABLE.finditer(text):
        assert re.search(rf"^(# )?{match['name']}=", example, re.MULTILINE), match["name"]
        if match["kind"] == "?":
            assert re.fullmatch(r"Set [A-Z_]+ in \.env to .+\.", match["rest"])


def test_the_example_holds_no_secret() -> None:
    example = (ROOT / ".env.example").read_text()
    names = {line.split("=")[0] for line in example.splitlines() if "=" in line}
    assert [name for name in names if SECRET_NAME.search(name)] == ["SECRETS_DIR"]


@pytest.mark.parametrize("name", OURS)
def test_the_commands_of_our_services_exist(name: str) -> None:
    program, *arguments = service(name)["command"]
    assert shutil.which(program, path=str(Path(sys.executable).parent))
    for argument in arguments:
        if argument.endswith(".py"):
            assert (ROOT / argument).exists()


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_the_health_checks_of_our_services_exist(name: str) -> None:
    assert service(name)["healthcheck"]["test"] == [
        "CMD",
        "python",
        "-m",
        "vendorrisk.health",
        name,
    ]
    assert importlib.util.find_spec("vendorrisk.health")


def test_the_image_starts_as_nobody_in_particular_and_is_watched() -> None:
    instructions = dockerfile()
    last_stage = instructions[
        max(n for n, line in enumerate(instructions) if line[:5] == "FROM ") :
    ]
    assert "USER 10001:10001" in last_stage
    assert any(line.startswith("HEALTHCHECK ") for line in last_stage)
    assert not any("pip install" in line for line in last_stage)
    assert not [line for line in instructions if re.search(r"(?i)(secret|password)\w*=", line)]


def test_the_image_runs_what_web_runs() -> None:
    command = next(line for line in dockerfile() if line.startswith("CMD "))
    assert command == "CMD [{}]".format(
        ", ".join(f'"{word}"' for word in service("web")["command"])
    )


def test_what_the_image_needs_is_let_in_and_nothing_else_is() -> None:
    everything, *lines = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert everything == "*"
    let_in = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert all((ROOT / path).exists() for path in let_in)
    needed = {"apps", "vendorrisk", "templates", "static", "manage.py", "requirements.txt"}
    assert needed <= let_in
    assert not let_in & {"var", "secrets", ".env", ".git", "tests", "scripts", "deploy"}


def test_the_proxy_serves_the_host_that_the_application_allows() -> None:
    assert (
        service("proxy")["environment"]["SITE_HOST"]
        == service("web")["environment"]["ALLOWED_HOSTS"]
    )
    assert "{$SITE_HOST} {" in (ROOT / "deploy" / "Caddyfile").read_text()
    assert "reverse_proxy web:8000" in (ROOT / "deploy" / "Caddyfile").read_text()


@pytest.mark.skipif(shutil.which("caddy") is None, reason="there is no Caddy on this machine")
def test_the_proxy_accepts_its_configuration() -> None:
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", "deploy/Caddyfile"]
    environment = {"PATH": os.environ["PATH"], "SITE_HOST": "risk.example.org", "HOME": "/tmp"}  # noqa: S108
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
