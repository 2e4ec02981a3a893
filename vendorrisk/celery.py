"""The Celery application: worker and beat read their settings from Django's."""

import os

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vendorrisk.settings")
TRANSPORT_ALIASES["files"] = "vendorrisk.file_broker:Transport"

app = Celery("vendorrisk")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def _show_a_pulse(sender: Celery, **_: object) -> None:
    # Imported late: the health module needs the settings, and this one is imported before them.
    from vendorrisk.health import WorkerPulse

    sender.steps["worker"].add(WorkerPulse)
