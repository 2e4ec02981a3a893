"""Where a fact has its page."""

from django import template
from django.urls import reverse

from apps.access.views.facts_shown import SLUGS
from apps.core.models import Seen

register = template.Library()


@register.filter
def fact_url(fact: Seen) -> str:
    """The address of the page of a fact."""
    return reverse("access:fact-detail", kwargs={"kind": SLUGS[type(fact)], "pk": fact.pk})
