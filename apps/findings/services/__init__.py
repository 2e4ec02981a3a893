"""Writes about findings: what scans found, what people do about it, and who lives with it."""

from apps.findings.services.reconciling import Detected, Reconciled, reconcile

__all__ = ["Detected", "Reconciled", "reconcile"]
