"""Forms: shape and field errors. What a service refuses is shown where it was typed.

A form holds what was typed and who types; a service does the work:

    form = VendorForm(request.POST or None, actor=request.user, fact=vendor)
    if form.is_valid() and form.saves(lambda: services.change_vendor(..., **form.stated)):
        return redirect(...)
    return render(request, "vendors/vendor_form.html", {"form": form}, status=form.http_status)
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.urls import reverse_lazy

from apps.core.errors import ConflictError, InvalidError
from apps.core.models import KEY_PATTERN, Keyed, choices
from apps.core.search import exactly, shown
from apps.engine.values import YesNo


class DomainForm(forms.Form):
    """A form on behalf of somebody, whose service may refuse what was typed."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
        *,
        actor: Any,
        initial: Mapping[str, Any] | None = None,
        prefix: str | None = None,
    ) -> None:
        super().__init__(data, files, initial=dict(initial or {}), prefix=prefix)  # type: ignore[arg-type] # any mapping will do
        self.actor = actor
        self.conflict = False
        for field in self.fields.values():
            if isinstance(field, ChosenField):
                field.actor = actor

    def saves(self, call: Callable[[], object]) -> bool:
        """Whether ``call`` succeeded; what it refused is among the errors of the form."""
        try:
            call()
        except InvalidError as error:
            for name, sentences in (error.fields or {"": [str(error)]}).items():
                self.add_error(name if name in self.fields else None, list(sentences))
        except ConflictError as error:
            self.refused(error)
        else:
            return True
        return False

    def refused(self, error: ConflictError) -> None:
        """The state of the thing does not allow it now."""
        self.conflict = True
        self.add_error(None, str(error))

    @property
    def http_status(self) -> int:
        """The status of a page that shows this form."""
        if self.conflict:
            return HTTPStatus.CONFLICT
        return HTTPStatus.UNPROCESSABLE_ENTITY if self.is_bound and self.errors else HTTPStatus.OK


# --- fields --------------------------------------------------------------------------------------


class KeyField(forms.RegexField):
    """A stable key, stated once."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault(
            "help_text", "Stays for good: documents and other systems refer to it by this."
        )
        kwargs.setdefault("max_length", 120)
        super().__init__(
            rf"^{KEY_PATTERN}\Z",
            error_messages={
                "invalid": "A key starts with a letter or digit and goes on with letters, digits "
                "and . _ @ / + - (at most 120 in all)."
            },
            **kwargs,
        )
        self.widget.attrs |= {"spellcheck": "false", "autocapitalize": "off", "class": "is-mono"}


class EnumChoiceField(forms.ChoiceField):
    """One value of an engine enum; ``blank`` is offered first where nothing may be chosen for one.

    Without an initial value the browser's choice is no answer: the first option is "choose".
    """

    def __init__(
        self,
        enum: type[StrEnum],
        *,
        only: list[StrEnum] | None = None,
        words: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.enum = enum
        offered = [
            (value, (words or {}).get(value, label)) for value, label in choices(only or enum)
        ]
        if kwargs.get("initial") is None and "widget" not in kwargs:
            offered = [("", "Choose…"), *offered]
        super().__init__(choices=offered, **kwargs)

    def clean(self, value: Any) -> Any:
        cleaned = super().clean(value)
        return self.enum(cleaned) if cleaned else cleaned


class YesNoField(EnumChoiceField):
    """Yes, no or not known: three visible choices, and not known unless somebody says otherwise."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            YesNo,
            only=[YesNo.YES, YesNo.NO, YesNo.UNKNOWN],
            words={YesNo.UNKNOWN: "Not known"},
            initial=str(YesNo.UNKNOWN),
            widget=forms.RadioSelect,
            **kwargs,
        )


class ChosenField(forms.CharField):
    """A fact chosen by typing: with script from a list that appears, without by name or key.

    ``rows`` gives the facts that a person may choose; ``url`` names the view that suggests them.
    """

    actor: Any = None

    def __init__(
        self, *, rows: Callable[[Any], QuerySet[Any]], url: str, noun: str, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rows, self.noun = rows, noun
        self.widget.attrs |= {
            "data-choices": reverse_lazy(url),
            "autocomplete": "off",
            "spellcheck": "false",
            "placeholder": f"Type a part of the {noun}'s name",
        }

    def prepare_value(self, value: Any) -> Any:
        return shown(value) if isinstance(value, Keyed) else value

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        return self._found(typed) if typed else None

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(super().has_changed(self.prepare_value(initial), data))

    def _found(self, typed: str) -> Keyed:
        found: list[Keyed] = exactly(self.rows(self.actor), typed)
        if len(found) == 1:
            return found[0]
        if found:
            keys = ", ".join(row.key for row in found)
            raise ValidationError(
                f"Several are called “{typed}”: write the key of the one you mean ({keys})."
            )
        raise ValidationError(
            f"There is no {self.noun} “{typed}” that you can see. "
            "Type a part of its name and choose one from the list."
        )


class ManyChosenField(ChosenField):
    """Several facts chosen by typing, one on each line."""

    widget = forms.Textarea

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs |= {"rows": 3}

    def prepare_value(self, value: Any) -> Any:
        if value is None or isinstance(value, str):
            return value
        return "\n".join(shown(row) for row in value)

    def clean(self, value: Any) -> Any:
        typed = forms.CharField.clean(self, value)
        lines = [line.strip() for line in typed.splitlines()]
        return list(dict.fromkeys(self._found(line) for line in lines if line))
