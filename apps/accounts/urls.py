"""Sign-in and sign-out, and the saved views of lists."""

from django.urls import path

from apps.accounts import saved_views, views

app_name = "accounts"
urlpatterns = [
    path("sign-in/", views.SignInView.as_view(), name="sign-in"),
    path("sign-out/", views.SignOutView.as_view(), name="sign-out"),
    path("views/new/", saved_views.view_create, name="view-create"),
    path("views/<int:pk>/delete/", saved_views.view_delete, name="view-delete"),
]
