"""Settings of the test suite: a fast password hasher, tasks run in place, plain static files."""

from vendorrisk.embedded_postgres.server import FOR_TESTS
from vendorrisk.settings import *  # noqa: F403 - the suite runs on the real settings but for these
from vendorrisk.settings import STORAGES, VAR_DIR

LOG_DIR = VAR_DIR / "test" / "log"
EMBEDDED_POSTGRES_DIR = VAR_DIR / "test" / "postgres"
EMBEDDED_POSTGRES_OPTIONS = FOR_TESTS
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
MEDIA_ROOT = VAR_DIR / "test" / "media"
STORAGES = STORAGES | {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
SECURE_SSL_REDIRECT = False
WHITENOISE_AUTOREFRESH = True  # looks for files when asked: nothing has been collected here
SCAN_DEBOUNCE_SECONDS = 0  # eager tasks know no countdown: a wait would be a busy one
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}
}  # rows come past the log
