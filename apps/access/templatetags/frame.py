"""What the layout shows on every page: the age of the facts, and the counts beside the links."""

from typing import Any

from django import template

from apps.access.selectors.overview import Frame, frame_for

register = template.Library()


@register.simple_tag(takes_context=True)
def frame(context: dict[str, Any]) -> Frame:
    """The frame for whoever is signed in; anonymous people see an empty one."""
    return frame_for(context["request"].user)
