"""Pages of the access graph."""

from django.urls import path

from apps.access.views import models, reach, runs

app_name = "access"
urlpatterns = [
    path("models/", models.model_list, name="model-list"),
    path("models/<int:pk>/", models.model_detail, name="model-detail"),
    path("reach/", reach.reach_list, name="reach-list"),
    path("scans/", runs.run_list, name="run-list"),
    path("scans/new/", runs.run_create, name="run-create"),
    path("scans/<int:pk>/", runs.run_detail, name="run-detail"),
]
