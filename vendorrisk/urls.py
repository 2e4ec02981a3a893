"""Every URL: one include an app."""

from functools import partial

from django.urls import URLPattern, URLResolver, include, path
from django.views import defaults

from apps.access.views.overview import overview
from apps.core.views import healthz

urlpatterns: list[URLPattern | URLResolver] = [
    path("", overview, name="overview"),
    path("", include("apps.access.urls")),
    path("", include("apps.findings.urls")),
    path("", include("apps.vendors.urls")),
    path("", include("apps.reports.urls")),
    path("", include("apps.accounts.urls")),
    path("healthz", healthz, name="healthz"),
]

handler400 = partial(defaults.bad_request, template_name="errors/400.html")
handler403 = partial(defaults.permission_denied, template_name="errors/403.html")
handler404 = partial(defaults.page_not_found, template_name="errors/404.html")
handler500 = partial(defaults.server_error, template_name="errors/500.html")
