"""Pages of findings."""

from django.urls import path

from apps.findings import views

app_name = "findings"
urlpatterns = [
    path("findings/", views.finding_list, name="finding-list"),
    path("findings/<int:pk>/", views.finding_detail, name="finding-detail"),
]
