"""Pages of the register."""

from django.urls import path

from apps.vendors import views

app_name = "vendors"
urlpatterns = [
    path("vendors/", views.vendor_list, name="vendor-list"),
    path("vendors/new/", views.vendor_create, name="vendor-create"),
    path("vendors/choices/", views.vendor_choices, name="vendor-choices"),
    path("vendors/<int:pk>/", views.vendor_detail, name="vendor-detail"),
    path("vendors/<int:pk>/edit/", views.vendor_edit, name="vendor-edit"),
]
