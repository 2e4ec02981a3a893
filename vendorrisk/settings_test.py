"""Settings of the test suite: a fast password hasher, tasks run in place, plain static files."""

from vendorrisk.settings import *  # noqa: F403 - the suite runs on the real settings but for these
from vendorrisk.settings import STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
SECURE_SSL_REDIRECT = False
