"""Static files and templates: vendored as listed, nothing inline, every icon there and used."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.template.loader import get_template
from django.test import Client, RequestFactory
from django.views import defaults

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SPRITE = (ROOT / "static/vendor/tabler-icons/sprite.svg").read_text()
SOURCES = [*TEMPLATES, *(ROOT / "apps").rglob("*.py")]


def test_vendored_files_are_as_listed_with_their_checksums() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "vendor-assets"],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_vendored_package_has_its_licence_beside_it() -> None:
    folders = [path for path in (ROOT / "static/vendor").iterdir() if path.is_dir()]
    assert len(folders) == 6
    assert all((folder / "LICENSE").exists() for folder in folders)


def icons_named() -> set[str]:
    """Every icon that a template or a picture asks for."""
    sprite = set(re.findall(r'<symbol id="([\w-]+)"', SPRITE))
    text = "\n".join(path.read_text() for path in SOURCES)
    return {name for name in sprite if re.search(rf'"{re.escape(name)}"', text)}


def test_every_icon_that_a_template_names_is_in_the_sprite() -> None:
    named = {
        name for path in TEMPLATES for name in re.findall(r'{% icon "([\w-]+)"', path.read_text())
    }
    assert named
    assert named <= set(re.findall(r'<symbol id="([\w-]+)"', SPRITE))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_template_has_nothing_inline(path: Path) -> None:
    text = path.read_text()
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son\w+=\"", text)
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert "|safe" not in text


COMPONENTS = sorted((ROOT / "templates/components").glob("*.html"))


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.name)
def test_a_component_opens_by_saying_what_it_takes(path: Path) -> None:
    assert path.read_text().startswith("{% comment %}\n")


def test_no_component_is_left_unused() -> None:
    text = "\n".join(path.read_text() for path in TEMPLATES)
    unused = [path.name for path in COMPONENTS if f'"components/{path.name}"' not in text]
    assert unused == []


def test_components_are_included_with_only_what_they_are_given() -> None:
    for path in TEMPLATES:
        for include in re.findall(r"{% include [^%]*%}", path.read_text()):
            assert include.endswith(" only %}"), f"{path.name}: {include}"


def test_static_files_survive_hashing_and_compression(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Brotli, which takes seconds, is left to the test of the production's own commands.
    monkeypatch.setattr("whitenoise.compress.brotli_installed", False)
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    call_command("collectstatic", interactive=False, verbosity=0)
    assert list((tmp_path / "css").glob("components.*.css.gz"))
    fonts = next((tmp_path / "css").glob("fonts.????????????.css")).read_text()
    assert re.search(r"inter/latin\.[0-9a-f]{12}\.woff2", fonts)


def test_the_page_for_our_own_faults_needs_nothing_that_may_be_broken() -> None:
    source = (ROOT / "templates/errors/500.html").read_text()
    assert "{{" not in source
    assert set(re.findall(r"{% (\w+)", source)) == {"comment", "endcomment"}
    for address in re.findall(r'"/static/([^"]+)"', source):
        assert (ROOT / "static" / address).exists()
    answer = defaults.server_error(RequestFactory().get("/"), template_name="errors/500.html")
    assert answer.status_code == 500


@pytest.mark.django_db
def test_a_page_that_does_not_exist_says_so_in_our_own_words() -> None:
    answer = Client().get("/no/such/page/")
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


def test_a_form_that_came_too_late_is_explained() -> None:
    assert "open too long" in get_template("403_csrf.html").render()
