"""A field that is checked while a form is filled in, by the same form that is sent in the end.

With script, a field that changes is posted to the form's own address with ``check`` naming it;
what comes back is the field alone, with what is wrong about it. Nothing is saved. Without script,
everything is said when the form is sent.
"""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers


def checked_field(request: HttpRequest, form: forms.Form) -> HttpResponse | None:
    """The field that the request asks to check; none when it is a form that was sent."""
    name = request.GET.get("check", "")
    if request.method != "POST" or "HX-Request" not in request.headers or name not in form.fields:
        return None
    answer = render(request, "components/field.html", {"field": form[name]})
    patch_vary_headers(answer, ["HX-Request"])
    return answer
