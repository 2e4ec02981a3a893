"""Pages of the register."""

from django.urls import path

from apps.vendors.views import bulk, contracts, detail, lists, writing

app_name = "vendors"
urlpatterns = [
    path("vendors/", lists.vendor_list, name="vendor-list"),
    path("vendors/new/", writing.vendor_create, name="vendor-create"),
    path("vendors/choices/", lists.vendor_choices, name="vendor-choices"),
    path("vendors/offboard/", bulk.vendor_offboard_many, name="vendor-offboard-many"),
    path("vendors/contracts/<int:pk>/edit/", contracts.contract_edit, name="contract-edit"),
    path("vendors/contracts/<int:pk>/delete/", contracts.contract_delete, name="contract-delete"),
    path("vendors/<int:pk>/", detail.vendor_detail, name="vendor-detail"),
    path("vendors/<int:pk>/edit/", writing.vendor_edit, name="vendor-edit"),
    path("vendors/<int:pk>/offboard/", writing.vendor_offboard, name="vendor-offboard"),
    path("vendors/<int:pk>/reactivate/", writing.vendor_reactivate, name="vendor-reactivate"),
    path("vendors/<int:pk>/delete/", writing.vendor_delete, name="vendor-delete"),
    path("vendors/<int:pk>/contracts/", contracts.contract_list, name="contract-list"),
    path("vendors/<int:pk>/contracts/new/", contracts.contract_create, name="contract-create"),
    path("vendors/<int:pk>/reviews/", detail.vendor_reviews, name="vendor-reviews"),
    path("vendors/<int:pk>/history/", detail.vendor_history, name="vendor-history"),
]
