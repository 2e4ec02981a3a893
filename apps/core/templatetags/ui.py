"""Template tags and filters of the interface: glyphs, verdicts, severities, times."""

from django import template

register = template.Library()
