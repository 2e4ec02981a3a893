from django.apps import AppConfig

from apps.audit.subscriptions import subscribe

# What the analysis reads of the register, which stands below and cannot ask for a scan itself.
FACTS_CHANGED = (
    "vendor.created",
    "vendor.changed",
    "vendor.offboarded",
    "vendor.deleted",
    "contract.created",
    "contract.changed",
    "contract.deleted",
)


class AccessConfig(AppConfig):
    name = "apps.access"
    label = "access"

    def ready(self) -> None:
        for action in FACTS_CHANGED:
            subscribe(action, task="apps.access.tasks.facts_changed")
