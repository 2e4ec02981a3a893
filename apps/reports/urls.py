"""Pages of the read side."""

from django.urls import path

from apps.reports.views import log, styleguide

app_name = "reports"
urlpatterns = [
    path("log/", log.log_list, name="log-list"),
    path("log/<int:number>/", log.log_entry, name="log-entry"),
    path("log/chain/", log.log_chain, name="log-chain"),
    path("log/csv/", log.log_file, name="log-file"),
    path("styleguide/", styleguide.styleguide, name="styleguide"),
    path("log/verify/", log.log_verify, name="log-verify"),
]
