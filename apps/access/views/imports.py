"""Imports: what was imported, a file to import, what it would change, and doing that."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.decorators.vary import vary_on_headers

from apps.access.forms.imports import ApplyForm, ColumnsForm, UploadForm
from apps.access.models import ImportFault, ImportRun, ImportState
from apps.access.selectors import imports as selectors
from apps.access.services import imports as services
from apps.access.services.interchange import require_import
from apps.access.sheets.kinds import KIND_BY_NAME, KINDS, SheetKind
from apps.access.sheets.rows import Reading
from apps.accounts.http import SignedInRequest
from apps.core.errors import ConflictError, NotFoundError
from apps.core.lists import csv_file, paged

PER_PAGE = 25
FAULT_HEADS = ("Line", "List", "Row", "Key", "Field", "Reason", "What is wrong")


@require_safe
def import_list(request: SignedInRequest) -> HttpResponse:
    """Every import, the latest first, and a form for the next one."""
    require_import(actor=request.user)
    return _list(request, UploadForm(actor=request.user))


@require_POST
def import_create(request: SignedInRequest) -> HttpResponse:
    """Keep the file that was dropped or chosen, and show what becomes of it."""
    require_import(actor=request.user)
    form = UploadForm(request.POST, request.FILES, actor=request.user)
    made: list[ImportRun] = []

    def keep() -> None:
        file = form.cleaned_data["file"]
        made.append(services.upload_document(actor=request.user, file=file, name=file.name))

    if form.is_valid() and form.saves(keep):
        [run] = made
        where = "import-columns" if run.state == ImportState.DRAFT else "import-detail"
        return redirect(f"access:{where}", pk=run.pk)
    return _list(request, form)


def _list(request: SignedInRequest, form: UploadForm) -> HttpResponse:
    context = {
        "section": "imports",
        "form": form,
        "page": paged(selectors.imports_visible_to(request.user), request.GET, PER_PAGE),
        "kinds": KINDS,
        "most": settings.MAX_IMPORT_MB,
    }
    return render(request, "access/imports/import_list.html", context, status=form.http_status)


@require_safe
@never_cache
@vary_on_headers("HX-Request")
def import_detail(request: SignedInRequest, pk: int) -> HttpResponse:
    """One import: how far it is, what it would change or changed, and what is wrong with it."""
    run = selectors.import_for(request.user, pk)
    if request.headers.get("HX-Request"):
        response = render(request, "access/imports/import_progress.html", {"run": run})
        if not run.is_active:
            response["HX-Refresh"] = "true"
        return response
    return _detail(request, run, _apply_form(request, run))


def _apply_form(request: SignedInRequest, run: ImportRun, data: Any = None) -> ApplyForm:
    return ApplyForm(data, actor=request.user, ends=int((run.shown or {}).get("ends", 0)))


def _detail(request: SignedInRequest, run: ImportRun, form: ApplyForm) -> HttpResponse:
    context = {
        "section": "imports",
        "run": run,
        "form": form,
        "lists": (run.shown or {}).get("lists", []),
        "faults": paged(selectors.faults_of(request.user, run), request.GET),
        "may_check": run.state in services.AT_REST and run.file,
        "may_discard": (run.state in services.AT_REST or run.state == ImportState.DRAFT)
        and run.file,
    }
    return render(request, "access/imports/import_detail.html", context, status=form.http_status)


@require_http_methods(["GET", "HEAD", "POST"])
def import_columns(request: SignedInRequest, pk: int) -> HttpResponse:
    """What a table holds, and which field each of its columns is."""
    run = selectors.import_for(request.user, pk)
    if run.reading is None or not run.file or run.is_active:
        raise ConflictError(f"The columns of import {run.pk} cannot be chosen now.")
    reading = Reading.of(run.reading)
    kind = KIND_BY_NAME.get(request.GET.get("list", ""), reading.kind)
    heads = services.columns_of(actor=request.user, run=run)
    chosen = reading.columns
    if kind != reading.kind:
        chosen = tuple(kind.guess([head.head for head in heads]))
    form = ColumnsForm(
        request.POST or None, actor=request.user, kind=kind, heads=heads, chosen=chosen
    )
    if form.is_valid() and form.saves(
        lambda: services.choose_columns(
            actor=request.user, run=run, list_name=kind.name, columns=form.columns
        )
    ):
        return redirect("access:import-detail", pk=run.pk)
    context = {"section": "imports", "run": run, "form": form, "kind": kind, "kinds": KINDS}
    return render(request, "access/imports/import_columns.html", context, status=form.http_status)


@require_POST
def import_check(request: SignedInRequest, pk: int) -> HttpResponse:
    """Check it once more, against the facts as they are now."""
    run = selectors.import_for(request.user, pk)
    services.check_again(actor=request.user, run=run)
    return redirect("access:import-detail", pk=run.pk)


@require_POST
def import_apply(request: SignedInRequest, pk: int) -> HttpResponse:
    """Do what was shown."""
    run = selectors.import_for(request.user, pk)
    form = _apply_form(request, run, request.POST)
    if form.is_valid() and form.saves(
        lambda: services.apply_import(
            actor=request.user,
            run=run,
            plan_digest=form.cleaned_data["plan"],
            ends=form.cleaned_data["ends"],
        )
    ):
        return redirect("access:import-detail", pk=run.pk)
    return _detail(request, run, form)


@require_POST
def import_discard(request: SignedInRequest, pk: int) -> HttpResponse:
    """Give it up, and delete its file."""
    run = selectors.import_for(request.user, pk)
    services.discard_import(actor=request.user, run=run)
    messages.success(request, f"{run.name} was discarded, and its file deleted.")
    return redirect("access:import-list")


@require_safe
def import_faults(request: SignedInRequest, pk: int) -> HttpResponseBase:
    """Everything that is wrong with a document, as a file."""
    run = selectors.import_for(request.user, pk)
    faults = selectors.faults_of(request.user, run)
    rows = (_cells(fault) for fault in faults.iterator(chunk_size=5_000))
    return csv_file(f"import-{run.pk}-faults", FAULT_HEADS, rows)


def _cells(fault: ImportFault) -> list[Any]:
    where = [fault.line, fault.list, fault.row, fault.key, fault.field]
    return [*where, fault.reason, fault.message]


@require_safe
def import_guide(request: SignedInRequest, kind: str) -> HttpResponse:
    """The columns that a table of this kind may have."""
    require_import(actor=request.user)
    context = {"section": "imports", "kind": _kind(kind), "kinds": KINDS}
    return render(request, "access/imports/import_guide.html", context)


@require_safe
def import_template(request: SignedInRequest, kind: str) -> HttpResponseBase:
    """An empty table of this kind with one row as an example."""
    require_import(actor=request.user)
    columns = _kind(kind).columns
    example = [column.example for column in columns]
    return csv_file(f"{kind}-template", [column.name for column in columns], [example])


def _kind(name: str) -> SheetKind:
    if name not in KIND_BY_NAME:
        raise NotFoundError("There is no table of this kind.")
    return KIND_BY_NAME[name]
