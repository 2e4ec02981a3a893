"""The sign-in and sign-out pages."""

from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse

from apps.accounts.services import sign_in


class SignInView(LoginView):
    """Asks for address and password; says the same whoever is or is not known."""

    template_name = "accounts/sign_in.html"

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        sign_in.note_sign_in(actor=form.get_user())
        return super().form_valid(form)

    def form_invalid(self, form: AuthenticationForm) -> HttpResponse:
        typed = form.cleaned_data
        if typed.get("username") and typed.get("password"):
            sign_in.note_failed_sign_in(actor=self.request.user, email=typed["username"])
        return super().form_invalid(form)


class SignOutView(LogoutView):
    """Ends the session; by POST only, so that a link elsewhere cannot."""

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        sign_in.note_sign_out(actor=request.user)
        return super().post(request, *args, **kwargs)
