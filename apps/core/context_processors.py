"""What every template may print."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def organisation(_request: HttpRequest) -> dict[str, Any]:
    """The name of the organisation that runs this installation."""
    return {"organisation_name": settings.ORGANISATION_NAME}
