"""Evidence: what may be filed, by its content; where it lies; who gets it out, and how."""

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from apps.accounts.models import User
from apps.audit.models import AuditEntry
from apps.core.errors import ConflictError, InvalidError, NotAllowedError, NotFoundError
from apps.findings.files import kind_of
from apps.findings.models import Evidence, Finding
from apps.findings.services.evidence import add_evidence
from apps.vendors.models import Vendor
from tests.conftest import ClientFor
from tests.factories.findings import EvidenceFactory, FindingFactory


def office(*parts: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for part in ("[Content_Types].xml", *parts):
            archive.writestr(part, "<x/>")
    return held.getvalue()


PDF = b"%PDF-1.7\n%..."
PNG = b"\x89PNG\r\n\x1a\n...."
JPG = b"\xff\xd8\xff\xe0...."
XLSX, DOCX = office("xl/workbook.xml"), office("word/document.xml")
GOOD = {
    "a.pdf": PDF,
    "a.PNG": PNG,
    "a.jpg": JPG,
    "a.jpeg": JPG,
    "a.txt": "Grüße, 東京\n".encode(),
    "a.csv": b"who;when\r\nme;now\r\n",
    "a.json": json.dumps({"a": [1, None]}).encode(),
    "a.xlsx": XLSX,
    "a.docx": DOCX,
}
BAD = {
    "a.exe": b"MZ\x90",
    "a.svg": b"<svg/>",
    "a.html": b"<script>alert(1)</script>",
    "pdf": PDF,
    "a": PDF,
    "a.pdf": b"<html>",
    "a.png": PDF,
    "a.jpg": PNG,
    "a.txt": b"a\0b",
    "b.txt": b"\xff\xfe\xfa",
    "a.csv": b"MZ\x90\x00\x03",
    "a.json": b"{'a': 1}",
    "b.json": b"[" * 100_000,
    "a.xlsx": DOCX,
    "a.docx": XLSX,
    "b.xlsx": b"PK\x03\x04 and no archive",
    "c.xlsx": office("xl/workbook.xml", "xl/vbaProject.bin"),
    "b.pdf": b"",
    "a.pdf.exe": PDF,
}


@pytest.mark.parametrize("name", GOOD)
def test_what_is_what_its_name_says_is_taken(name: str) -> None:
    assert kind_of(name, GOOD[name]) == name.partition(".")[2].lower().replace("jpeg", "jpg")


@pytest.mark.parametrize("name", BAD)
def test_everything_else_is_refused_with_a_sentence(name: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        kind_of(name, BAD[name])


pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", BAD)
def test_a_refused_file_leaves_nothing_behind(bob: User, name: str) -> None:
    with pytest.raises(InvalidError) as caught:
        add_evidence(actor=bob, finding=FindingFactory.create(), name=name, content=BAD[name])
    assert list(caught.value.fields) == ["file"]
    assert not Evidence.objects.exists()
    assert not AuditEntry.objects.exists()


def test_what_is_filed_is_known_by_its_digest_and_lies_under_a_name_of_ours(
    bob: User, settings: Any, tmp_path: Path
) -> None:
    settings.STORAGES = settings.STORAGES | {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    }
    settings.MEDIA_ROOT = tmp_path
    finding = FindingFactory.create()
    evidence = add_evidence(
        actor=bob, finding=finding, name="..\\../etc/pass\nwd<b>.pdf", content=PDF
    )
    assert evidence.name == "passwd<b>.pdf"
    assert (evidence.size, evidence.sha256) == (len(PDF), hashlib.sha256(PDF).hexdigest())
    [stored] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert stored.parent == tmp_path / "evidence"
    assert stored.suffix == ""
    assert stored.read_bytes() == PDF
    assert not str(tmp_path).startswith(str(settings.STATIC_ROOT))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.data["sha256"]) == ("finding.evidence_added", evidence.sha256)


def test_the_same_file_is_filed_once_with_a_finding(bob: User) -> None:
    finding = FindingFactory.create()
    add_evidence(actor=bob, finding=finding, name="a.pdf", content=PDF)
    before = len(default_storage.listdir("evidence")[1])
    with pytest.raises(ConflictError):
        add_evidence(actor=bob, finding=finding, name="b.pdf", content=PDF)
    assert len(default_storage.listdir("evidence")[1]) == before
    add_evidence(actor=bob, finding=FindingFactory.create(), name="b.pdf", content=PDF)


def test_what_the_database_does_not_take_is_not_kept_as_a_file(
    bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding = FindingFactory.create()
    add_evidence(actor=bob, finding=finding, name="a.pdf", content=PDF)
    before = default_storage.listdir("evidence")[1]

    def broken(**_: object) -> None:
        raise RuntimeError("the log is gone")

    monkeypatch.setattr("apps.audit.services.record", broken)
    with pytest.raises(RuntimeError):
        add_evidence(actor=bob, finding=finding, name="a.png", content=PNG)
    assert default_storage.listdir("evidence")[1] == before
    assert Evidence.objects.count() == 1


def test_a_file_that_is_too_large_is_refused(bob: User, settings: Any) -> None:
    settings.EVIDENCE_MAX_BYTES = 1024**2
    with pytest.raises(InvalidError, match="1 MB"):
        add_evidence(
            actor=bob,
            finding=FindingFactory.create(),
            name="a.txt",
            content=b"a" * (1024**2 + 1),
        )


def test_who_files(anna: User, otto: User, rosa: User, corvid: Vendor) -> None:
    own, foreign = FindingFactory.create(vendor=corvid), FindingFactory.create()
    for person in (otto, rosa):
        with pytest.raises(NotAllowedError):
            add_evidence(actor=person, finding=own, name="a.pdf", content=PDF)
    with pytest.raises(NotFoundError):
        add_evidence(actor=anna, finding=foreign, name="a.pdf", content=PDF)
    assert add_evidence(actor=anna, finding=own, name="a.pdf", content=PDF).finding == own


# --- through the browser --------------------------------------------------------------------------


def upload(client_for: ClientFor, user: User, finding: Finding, name: str, content: bytes) -> int:
    file = SimpleUploadedFile(name, content, content_type="application/pdf")
    address = reverse("findings:evidence-add", args=[finding.pk])
    return client_for(user).post(address, {"evidence-file": file}).status_code


def test_a_file_goes_in_and_comes_out_as_an_attachment(
    client_for: ClientFor, bob: User, otto: User
) -> None:
    finding = FindingFactory.create()
    assert upload(client_for, bob, finding, "report.pdf", PDF) == 302
    evidence = Evidence.objects.get()
    answer = client_for(otto).get(reverse("findings:evidence-file", args=[evidence.pk]))
    assert b"".join(answer.streaming_content) == PDF  # type: ignore[attr-defined] # it streams
    assert answer["Content-Disposition"] == 'attachment; filename="report.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Type"] == "application/pdf"
    assert "no-store" in answer["Cache-Control"]


def test_a_wrong_file_is_shown_on_the_page(client_for: ClientFor, bob: User) -> None:
    finding = FindingFactory.create()
    assert upload(client_for, bob, finding, "evil.pdf", b"<script>alert(1)</script>") == 422
    assert upload(client_for, bob, finding, "none.pdf", b"") == 422
    assert not Evidence.objects.exists()


def test_the_size_is_looked_at_before_the_file_is_read(
    client_for: ClientFor, bob: User, settings: Any
) -> None:
    settings.EVIDENCE_MAX_BYTES = 10
    assert upload(client_for, bob, FindingFactory.create(), "a.pdf", PDF) == 422


def test_somebody_elses_document_is_not_found(
    client_for: ClientFor, anna: User, corvid: Vendor
) -> None:
    own = EvidenceFactory.create(finding=FindingFactory.create(vendor=corvid))
    foreign = EvidenceFactory.create()
    client = client_for(anna)
    answer = client.get(reverse("findings:evidence-file", args=[own.pk]))
    assert b"".join(answer.streaming_content) == b"It is so."  # type: ignore[attr-defined] # it streams
    assert client.get(reverse("findings:evidence-file", args=[foreign.pk])).status_code == 404


def test_a_file_that_was_altered_or_is_gone_is_not_given_out(
    client_for: ClientFor, bob: User
) -> None:
    altered, gone = EvidenceFactory.create(), EvidenceFactory.create()
    Evidence.objects.filter(pk=altered.pk).update(sha256="0" * 64)
    gone.file.delete(save=False)
    for evidence in (altered, gone):
        address = reverse("findings:evidence-file", args=[evidence.pk])
        assert client_for(bob).get(address).status_code == 409
