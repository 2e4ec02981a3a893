from django.apps import AppConfig

from apps.audit.subscriptions import subscribe

# What the analysis reads of the register, which stands below and cannot ask for a scan itself.
FACTS_CHANGED = (
    "vendor.created",
    "vendor.changed",
    "vendor.offboarded",
    "vendor.reactivated",
    "vendor.deleted",
    "contract.created",
    "contract.changed",
    "contract.deleted",
)


class AccessConfig(AppConfig):
    name = "apps.access"
    label = "access"

    def ready(self) -> None:
        # Models exist only now, and what tells findings needs them.
        from apps.access.pictures.telling import AccessTeller
        from apps.access.vendor_figures import AccessFigures
        from apps.findings.models import FindingSource
        from apps.findings.tellers import register
        from apps.vendors import figures

        register(FindingSource.SCAN, AccessTeller())
        figures.register(AccessFigures())
        for action in FACTS_CHANGED:
            subscribe(action, task="apps.access.tasks.facts_changed")
