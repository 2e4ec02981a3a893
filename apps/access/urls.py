"""Pages of the access graph."""

from django.urls import path

from apps.access.views import effect, facts, imports, models, reach, runs, search, vendor_tabs

app_name = "access"
urlpatterns = [
    path("facts/", facts.fact_home, name="fact-home"),
    path("facts/<slug:kind>/", facts.fact_list, name="fact-list"),
    path("facts/<slug:kind>/choices/", facts.fact_choices, name="fact-choices"),
    path("facts/<slug:kind>/new/", facts.fact_create, name="fact-create"),
    path("facts/<slug:kind>/<int:pk>/", facts.fact_detail, name="fact-detail"),
    path("facts/<slug:kind>/<int:pk>/delete/", facts.fact_delete, name="fact-delete"),
    path("facts/<slug:kind>/<int:pk>/edit/", facts.fact_edit, name="fact-edit"),
    path("facts/<slug:kind>/<int:pk>/retire/", facts.fact_retire, name="fact-retire"),
    path("models/", models.model_list, name="model-list"),
    path("models/<int:pk>/", models.model_detail, name="model-detail"),
    path("reach/", reach.reach_list, name="reach-list"),
    path("search/", search.search_page, name="search"),
    path("search/choices/", search.search_choices, name="search-choices"),
    path("imports/", imports.import_list, name="import-list"),
    path("imports/new/", imports.import_create, name="import-create"),
    path("imports/tables/<slug:kind>/", imports.import_guide, name="import-guide"),
    path("imports/tables/<slug:kind>.csv", imports.import_template, name="import-template"),
    path("imports/<int:pk>/", imports.import_detail, name="import-detail"),
    path("imports/<int:pk>/columns/", imports.import_columns, name="import-columns"),
    path("imports/<int:pk>/check/", imports.import_check, name="import-check"),
    path("imports/<int:pk>/apply/", imports.import_apply, name="import-apply"),
    path("imports/<int:pk>/discard/", imports.import_discard, name="import-discard"),
    path("imports/<int:pk>/faults.csv", imports.import_faults, name="import-faults"),
    path("scans/", runs.run_list, name="run-list"),
    path("scans/effect/", effect.run_effect, name="run-effect"),
    path("scans/new/", runs.run_create, name="run-create"),
    path("scans/<int:pk>/", runs.run_detail, name="run-detail"),
    path(
        "vendors/<int:pk>/environments/",
        vendor_tabs.vendor_environments,
        name="vendor-environments",
    ),
    path("vendors/<int:pk>/identities/", vendor_tabs.vendor_identities, name="vendor-identities"),
]
