"""What the page of a model needs Python for."""

from django import template

from apps.access.models import Deployment
from apps.access.selectors.models import Visitor

register = template.Library()


@register.filter
def verdict_on(visitor: Visitor, deployment: Deployment) -> str:
    """The verdict of an environment on one deployment, empty where it does not reach it."""
    return visitor.verdict_on(deployment.pk) or ""
