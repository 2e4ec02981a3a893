"""A scan as of an earlier instant: history does not run backwards."""

from datetime import UTC, datetime

import pytest
from django.db.models import F

from apps.access.services.analysis import scan_now
from apps.accounts import policy
from apps.findings.models import Finding
from tests.access.story import tell_story

pytestmark = pytest.mark.django_db


def test_nothing_closes_before_it_opened_or_reopens_before_it_closed() -> None:
    tell_story()
    scan_now(actor=policy.system_actor(), now=datetime(2020, 1, 1, tzinfo=UTC))
    closed = Finding.objects.exclude(closed_at=None)
    assert closed.exists()
    assert not closed.filter(closed_at__lt=F("opened_at")).exists()
    before = {finding.pk: finding.closed_at for finding in closed}
    scan_now(actor=policy.system_actor())
    back = Finding.objects.filter(pk__in=before, closed_at=None)
    assert back.exists()
    assert all((end := before[found.pk]) and found.opened_at >= end for found in back)
