"""Signing in at the organisation's own service, which a small server here plays."""

import json
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from apps.accounts import policy
from apps.accounts.models import User
from apps.audit.models import AuditEntry
from tests.accounts.codes import App
from tests.accounts.test_second_factor import is_signed_in

pytestmark = pytest.mark.django_db

START, CALLBACK = "/accounts/oidc/", "/accounts/oidc/callback/"


class Service:
    """What the service answers; a test changes what it says of the person."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.person: dict[str, Any] = {"sub": "42", "email": "bob@example.org"}
        self.person["email_verified"] = True
        self.token: dict[str, Any] = {}
        self.asked: list[tuple[str, dict[str, list[str]]]] = []

    def answer(self, path: str, typed: str) -> tuple[int, dict[str, Any]]:
        self.asked.append((path, parse_qs(typed)))
        match path:
            case "/.well-known/openid-configuration":
                return 200, {
                    "issuer": self.url,
                    "authorization_endpoint": f"{self.url}/authorize",
                    "token_endpoint": f"{self.url}/token",
                    "userinfo_endpoint": f"{self.url}/userinfo",
                    "jwks_uri": f"{self.url}/keys",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            case "/token":
                claims = {"iss": self.url, "aud": "vendorrisk", "exp": time.time() + 60}
                claims |= self.person | self.token
                id_token = jwt.encode(claims, "k" * 32, algorithm="HS256")
                return 200, {"access_token": "a", "token_type": "Bearer", "id_token": id_token}
            case "/userinfo":
                return 200, self.person
        return 404, {}


@pytest.fixture
def service(settings: Settings) -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            status, body = made.answer(self.path, self.rfile.read(length).decode())
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_POST = do_GET  # noqa: N815 - the name that the library looks for

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Service(server.server_port)
    app = {"provider_id": "oidc", "name": "Tarn", "client_id": "vendorrisk", "secret": "s3cret"}
    app_settings = {"server_url": made.url, "oauth_pkce_enabled": True}
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"APPS": [app | {"settings": app_settings}]}
    }
    settings.OIDC_NAME = "Tarn"
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


def leave(client: Client, onward: str = "") -> dict[str, list[str]]:
    """Go to the service; gives what the browser takes there."""
    answer = client.get(START, {"next": onward} if onward else {})
    assert answer.status_code == 302
    return parse_qs(urlsplit(answer["Location"]).query)


def come_back(client: Client, onward: str = "", **changed: str) -> Any:
    state = leave(client, onward)["state"][0]
    return client.get(CALLBACK, {"code": "c", "state": state} | changed)


def test_bob_signs_in_at_his_own_service(client: Client, bob: User, service: Service) -> None:
    assert "Sign in with Tarn" in client.get("/accounts/sign-in/").content.decode()
    before = client.session.session_key
    answer = come_back(client, "/findings/?page=2")
    assert answer["Location"] == "/findings/?page=2"
    assert client.session["_auth_user_id"] == str(bob.pk)
    assert client.session.session_key != before
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.data) == (
        "user.signed_in",
        {"by": "oidc", "second_factor": None},
    )
    [typed] = [typed for path, typed in service.asked if path == "/token"]
    assert typed["redirect_uri"] == [f"http://testserver{CALLBACK}"]
    assert typed["code_verifier"][0]


def test_what_the_browser_takes_along(client: Client, service: Service) -> None:
    taken = leave(client)
    assert taken["code_challenge_method"] == ["S256"]
    assert set(taken["scope"][0].split()) == {"openid", "email", "profile"}
    assert "secret" not in str(taken)
    assert service.asked


@pytest.mark.parametrize("onward", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_nobody_is_sent_elsewhere(client: Client, bob: User, service: Service, onward: str) -> None:
    assert come_back(client, onward)["Location"] == "/"
    del bob, service


def test_a_second_factor_is_asked_for_here_too(
    client: Client, bob: User, service: Service, app: App
) -> None:
    app.set_up(bob)
    assert come_back(client)["Location"] == "/accounts/sign-in/code/"
    assert not is_signed_in(client)
    client.post("/accounts/sign-in/code/", {"code": app.next_code()})
    assert is_signed_in(client)
    del service


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"email": "nobody@example.org"}, "There is no open account here"),
        ({"email": "gone@example.org"}, "There is no open account here"),
        ({"email": policy.SYSTEM_EMAIL}, "There is no open account here"),
        ({"email": "ida@example.org"}, "There is no open account here"),
        ({"email_verified": False}, "has not verified your e-mail address"),
        ({"email_verified": "true"}, "has not verified your e-mail address"),
        ({"email_verified": None}, "has not verified your e-mail address"),
        ({"email": None}, "has not verified your e-mail address"),
    ],
)
@pytest.mark.usefixtures("bob", "ida")
def test_who_has_no_open_account_stays_outside(
    client: Client, charlie: User, service: Service, said: dict[str, Any], sentence: str
) -> None:
    policy.system_actor()
    User.objects.filter(pk=charlie.pk).update(email="gone@example.org", is_active=False)
    people = User.objects.count()
    service.person |= said
    answer = come_back(client)
    assert answer.status_code == 403
    assert sentence in answer.content.decode()
    assert not is_signed_in(client)
    assert User.objects.count() == people, "nobody registers this way"
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.data["step"]) == ("user.sign_in_failed", "oidc")


@pytest.mark.parametrize(
    "changed",
    [{"state": "forged"}, {"state": ""}, {"code": "", "error": "access_denied"}, {"error": "x"}],
)
@pytest.mark.usefixtures("bob")
def test_an_answer_that_we_did_not_ask_for_is_refused(
    client: Client, service: Service, changed: dict[str, str]
) -> None:
    answer = come_back(client, **changed)
    assert answer.status_code == 403
    assert "did not confirm who you are" in answer.content.decode()
    assert not is_signed_in(client)
    del service


@pytest.mark.usefixtures("bob")
def test_an_answer_counts_once_and_in_its_own_browser(client: Client, service: Service) -> None:
    state = leave(client)["state"][0]
    other = Client()
    assert other.get(CALLBACK, {"code": "c", "state": state}).status_code == 403
    assert client.get(CALLBACK, {"code": "c", "state": state}).status_code == 302
    assert client.get(CALLBACK, {"code": "c", "state": state}).status_code == 403
    del service


@pytest.mark.parametrize(
    "token", [{"aud": "another"}, {"iss": "https://evil.example"}, {"exp": 1}, {"sub": "43"}]
)
@pytest.mark.usefixtures("bob")
def test_a_token_for_somebody_else_is_not_believed(
    client: Client, service: Service, token: dict[str, Any]
) -> None:
    service.token = token
    assert come_back(client).status_code == 403
    assert not is_signed_in(client)


def test_a_service_that_does_not_answer_is_said_so(
    client: Client, service: Service, settings: Settings
) -> None:
    [app] = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    app["settings"]["server_url"] = f"{service.url}/nothing"
    answer = client.get(START)
    assert answer.status_code == 502
    assert "does not answer as it should" in answer.content.decode()


def test_without_a_service_there_are_no_such_pages(client: Client) -> None:
    assert client.get(START).status_code == 404
    assert client.get(CALLBACK).status_code == 404
    assert "Sign in with" not in client.get("/accounts/sign-in/").content.decode()


@pytest.mark.parametrize(
    "path",
    ["login/", "signup/", "password/reset/", "2fa/", "sessions/", "email/", "social/signup/",
     "oidc/oidc/login/", "oidc/login/callback/", "social/login/cancelled/"],
)  # fmt: skip
def test_no_page_of_the_library_can_be_reached(client: Client, path: str) -> None:
    assert client.get(f"/accounts/{path}").status_code == 404
