"""Pages of findings."""

from django.urls import path

from apps.findings import vendor_tab
from apps.findings.views import detail, evidence, lists, treatment

app_name = "findings"
urlpatterns = [
    path("findings/", lists.finding_list, name="finding-list"),
    path("findings/file/", lists.finding_file, name="finding-file"),
    path("findings/treat/", lists.finding_bulk, name="finding-bulk"),
    path("findings/<int:pk>/", detail.finding_detail, name="finding-detail"),
    path("findings/<int:pk>/treat/<slug:move>/", treatment.finding_treat, name="finding-treat"),
    path("findings/<int:pk>/owner/", treatment.finding_assign, name="finding-assign"),
    path("findings/<int:pk>/due/", treatment.finding_due, name="finding-due"),
    path("findings/<int:pk>/comments/", treatment.finding_comment, name="finding-comment"),
    path("findings/<int:pk>/evidence/", evidence.evidence_add, name="evidence-add"),
    path("findings/<int:pk>/acceptances/", treatment.acceptance_propose, name="acceptance-propose"),
    path(
        "findings/acceptances/<int:pk>/<slug:step>/",
        treatment.acceptance_decide,
        name="acceptance-decide",
    ),
    path("findings/evidence/<int:pk>/", evidence.evidence_file, name="evidence-file"),
    path("vendors/<int:pk>/routes/", vendor_tab.vendor_routes, name="vendor-routes"),
    path("vendors/<int:pk>/findings/", vendor_tab.vendor_findings, name="vendor-findings"),
]
