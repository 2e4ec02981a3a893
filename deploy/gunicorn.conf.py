"""gunicorn's settings, the same for a local start and for the container."""

import os
from pathlib import Path

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 4
timeout = 60
graceful_timeout = 20
keepalive = 75  # longer than a proxy keeps an idle connection
max_requests = 5000
max_requests_jitter = 500
if Path("/dev/shm").is_dir():  # noqa: S108 - in memory: a slow disk must not look like a hung worker
    worker_tmp_dir = "/dev/shm"  # noqa: S108 - as above
control_socket_disable = True
accesslog = "-" if os.environ.get("ACCESS_LOG", "").lower() in {"1", "true", "yes"} else None
errorlog = "-"
