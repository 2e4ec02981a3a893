"""Signing in and out, people, one's own profile, the saved views of lists."""

from django.urls import path

from apps.accounts import saved_views
from apps.accounts.views import people, profile, sign_in

app_name = "accounts"
urlpatterns = [
    path("accounts/sign-in/", sign_in.SignInView.as_view(), name="sign-in"),
    path("accounts/sign-in/code/", sign_in.sign_in_code, name="sign-in-code"),
    path("accounts/sign-out/", sign_in.SignOutView.as_view(), name="sign-out"),
    path("accounts/oidc/", sign_in.oidc_start, name="oidc-start"),
    path("accounts/oidc/callback/", sign_in.oidc_callback, name="oidc-callback"),
    path("accounts/invitation/<str:token>/", people.invitation, name="invitation"),
    path("accounts/welcome/", people.welcome, name="welcome"),
    path("people/", people.people_list, name="people-list"),
    path("people/new/", people.person_invite, name="person-invite"),
    path("people/<int:pk>/", people.person_detail, name="person-detail"),
    path("people/<int:pk>/roles/", people.person_roles, name="person-roles"),
    path("people/<int:pk>/grant/", people.person_grant, name="person-grant"),
    path("people/<int:pk>/revoke/", people.person_revoke, name="person-revoke"),
    path("people/<int:pk>/deactivate/", people.person_deactivate, name="person-deactivate"),
    path("people/<int:pk>/reactivate/", people.person_reactivate, name="person-reactivate"),
    path("people/<int:pk>/unlock/", people.person_unlock, name="person-unlock"),
    path("people/<int:pk>/invite/", people.person_invite_again, name="person-invite-again"),
    path(
        "people/<int:pk>/reset-second-factor/",
        people.person_reset_factor,
        name="person-reset-factor",
    ),
    path("accounts/views/new/", saved_views.view_create, name="view-create"),
    path("accounts/views/<int:pk>/delete/", saved_views.view_delete, name="view-delete"),
    path("profile/", profile.profile, name="profile"),
    path("profile/password/", profile.password, name="password"),
    path("profile/second-factor/", profile.second_factor, name="second-factor"),
    path("profile/sessions/end/", profile.sessions_end, name="sessions-end"),
]
