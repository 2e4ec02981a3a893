"""Pages of the access graph."""

from django.urls import path

from apps.access.views import environments, runs

app_name = "access"
urlpatterns = [
    path("environments/", environments.environment_list, name="environment-list"),
    path("scans/", runs.run_list, name="run-list"),
    path("scans/new/", runs.run_create, name="run-create"),
    path("scans/<int:pk>/", runs.run_detail, name="run-detail"),
]
