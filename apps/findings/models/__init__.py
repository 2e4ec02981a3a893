"""Findings, what happened to each, the acceptances of their risk, the evidence filed with them."""

from apps.findings.models.acceptances import Acceptance
from apps.findings.models.evidence import Evidence
from apps.findings.models.findings import Finding, FindingEvent, FindingSource, FindingState

__all__ = ["Acceptance", "Evidence", "Finding", "FindingEvent", "FindingSource", "FindingState"]
