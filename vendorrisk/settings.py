"""Settings, all from the environment; every secret also from NAME_FILE.

Without any variable set this is a local installation: embedded PostgreSQL and a file-based broker
under ``var/``, a secret key made once. ``VENDORRISK_PRODUCTION=true`` refuses to start half-set.
"""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from environ.fileaware_mapping import FileAwareMapping

BASE_DIR = Path(__file__).resolve().parent.parent


class _Variables(FileAwareMapping):  # type: ignore[misc] # an untyped library
    """The environment with NAME_FILE; the newline at the end of a file is not part of a secret."""

    def __getitem__(self, key: str) -> str:
        try:
            return str(super().__getitem__(key)).strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{key}_FILE cannot be read: {error}") from error


class _Env(environ.Env):  # type: ignore[misc] # the same
    ENVIRON = _Variables()


env = _Env()


def _is_set(name: str) -> bool:
    """Whether NAME or NAME_FILE is there and not blank."""
    return bool(env.ENVIRON.get(name))


# --- where this runs -----------------------------------------------------------------------------
PRODUCTION: bool = env.bool("VENDORRISK_PRODUCTION", default=False)
VAR_DIR = Path(env.str("VENDORRISK_VAR_DIR", default=str(BASE_DIR / "var"))).expanduser().resolve()
LOG_DIR = VAR_DIR / "log"
DEBUG: bool = env.bool("DEBUG", default=False)


def _local_secret_key() -> str:
    """A key made once for a local installation, readable by its owner only."""
    path = VAR_DIR / "secret_key"
    made = secrets.token_urlsafe(50)
    try:
        if not path.exists():
            VAR_DIR.mkdir(parents=True, exist_ok=True)
            draft = path.with_name(f"secret_key.{os.getpid()}")
            draft.touch(mode=0o600)
            draft.write_text(made)
            draft.rename(path)
        return path.read_text()
    except OSError:  # nothing can be written: enough for a command that serves nobody, as scan FILE
        return made


SECRET_KEY: str = env.str("SECRET_KEY") if _is_set("SECRET_KEY") else ""
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[])

if PRODUCTION:
    _needed = ("SECRET_KEY", "DATABASE_URL", "CELERY_BROKER_URL", "ALLOWED_HOSTS")
    if _missing := [name for name in _needed if not _is_set(name)]:
        raise ImproperlyConfigured(
            f"VENDORRISK_PRODUCTION is set, and these are not: {', '.join(_missing)}. "
            "Set each as a variable, or as NAME_FILE with the path of a file that holds it."
        )
    if DEBUG:
        raise ImproperlyConfigured("DEBUG and VENDORRISK_PRODUCTION cannot both be set.")
    if "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured(
            "ALLOWED_HOSTS is “*”, which trusts any host name a browser sends. List the names "
            "under which this installation is reached."
        )
SECRET_KEY = SECRET_KEY or _local_secret_key()

# --- closed for maintenance: the variable, or a file that is there while it lasts -----------------
MAINTENANCE: bool = env.bool("MAINTENANCE", default=False)
MAINTENANCE_FILE = VAR_DIR / "maintenance"
MAINTENANCE_RETRY_SECONDS: int = env.int("MAINTENANCE_RETRY_SECONDS", default=600)

# --- the organisation that runs this installation ------------------------------------------------
ORGANISATION_NAME: str = env.str("ORGANISATION_NAME", default="Our organisation")

# --- applications --------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "guardian",
    "csp",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "apps.core",
    "apps.audit",
    "apps.accounts",
    "apps.vendors",
    "apps.findings",
    "apps.access",
    "apps.reports",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "apps.core.middleware.MaintenanceMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "apps.accounts.middleware.TimeZoneMiddleware",
    "apps.accounts.middleware.SecondFactorMiddleware",
    "apps.core.middleware.DomainErrorMiddleware",
]
ROOT_URLCONF = "vendorrisk.urls"
WSGI_APPLICATION = "vendorrisk.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "loaders": [
                (
                    "django.template.loaders.cached.Loader",
                    ["django.template.loaders.filesystem.Loader"],
                )
            ]
            if not DEBUG
            else ["django.template.loaders.filesystem.Loader"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.core.context_processors.organisation",
            ],
            "builtins": ["apps.core.templatetags.ui"],
        },
    }
]

# --- database ------------------------------------------------------------------------------------
EMBEDDED_POSTGRES_DIR = VAR_DIR / "postgres"
EMBEDDED_POSTGRES_OPTIONS: dict[str, str] = {}
if _is_set("DATABASE_URL"):
    DATABASES = {"default": env.db("DATABASE_URL")}
    if DATABASES["default"]["ENGINE"] != "django.db.backends.postgresql":
        raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL: postgresql://...")
else:
    DATABASES = {"default": {"ENGINE": "vendorrisk.embedded_postgres", "NAME": "vendorrisk"}}
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 10)
DATABASES["default"]["OPTIONS"] = {
    "keepalives_idle": 30,  # a server that vanished is noticed within a minute
    "keepalives_interval": 10,
    "keepalives_count": 3,
} | DATABASES["default"]["OPTIONS"]

# --- who signs in --------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "guardian.backends.ObjectPermissionBackend",
]
ANONYMOUS_USER_NAME = None  # guardian: nobody is granted anything without signing in
GUARDIAN_MONKEY_PATCH_USER = False
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "accounts:sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())

# Who fails this often within so many minutes waits: an account, and an address of the network.
SIGN_IN_FAILURES_OF_ACCOUNT: int = env.int("SIGN_IN_FAILURES_OF_ACCOUNT", default=10)
SIGN_IN_FAILURES_OF_ADDRESS: int = env.int("SIGN_IN_FAILURES_OF_ADDRESS", default=50)
SIGN_IN_LOCK_MINUTES: int = env.int("SIGN_IN_LOCK_MINUTES", default=15)
# Roles that must have a second factor: they are led to set it up before anything else.
REQUIRE_MFA_ROLES: list[str] = env.list("REQUIRE_MFA_ROLES", default=[])

# django-allauth brings the second factor, the list of sessions and OpenID Connect. None of its own
# pages is reachable: ours stand on its models.
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
MFA_ADAPTER = "apps.accounts.mfa.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Vendorrisk"
MFA_TOTP_TOLERANCE = 1  # clocks may differ by half a minute
MFA_RECOVERY_CODE_DIGITS = 10
SOCIALACCOUNT_ADAPTER = "apps.accounts.oidc.Adapter"
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {}
OIDC_NAME: str = env.str("OIDC_NAME", default="single sign-on")
if _is_set("OIDC_SERVER_URL"):
    if _missing := [name for name in ("OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET") if not _is_set(name)]:
        raise ImproperlyConfigured(
            f"OIDC_SERVER_URL is set, and these are not: {', '.join(_missing)}."
        )
    if PRODUCTION and not env.str("OIDC_SERVER_URL").startswith("https://"):
        raise ImproperlyConfigured("OIDC_SERVER_URL must begin with https:// in production.")
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "APPS": [
            {
                "provider_id": "oidc",
                "name": OIDC_NAME,
                "client_id": env.str("OIDC_CLIENT_ID"),
                "secret": env.str("OIDC_CLIENT_SECRET"),
                "settings": {
                    "server_url": env.str("OIDC_SERVER_URL").rstrip("/"),
                    "oauth_pkce_enabled": True,
                },
            }
        ]
    }

# --- transport and browser security --------------------------------------------------------------
HTTPS_ONLY: bool = env.bool("HTTPS_ONLY", default=PRODUCTION)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS_ONLY
# “__Host-” binds a cookie to this host and to HTTPS; the plain names keep apart what else runs on
# localhost, whose ports share their cookies.
SESSION_COOKIE_NAME = "__Host-session" if HTTPS_ONLY else "vendorrisk-session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS_ONLY else "vendorrisk-csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS_ONLY else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS: bool = env.bool("HSTS_INCLUDE_SUBDOMAINS", default=False)
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # subdomains of the host are not this application's to decide about
    "security.W021",  # nor is a browser's preload list, which cannot be left again
]
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
# Only where a proxy sets the header itself: otherwise a browser could claim HTTPS.
BEHIND_PROXY: bool = env.bool("BEHIND_PROXY", default=PRODUCTION)
if BEHIND_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# How many proxies of ours add to X-Forwarded-For; what stands before theirs anybody can write.
ALLAUTH_TRUSTED_PROXY_COUNT: int = env.int("PROXY_COUNT", default=int(BEHIND_PROXY))
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- background work -----------------------------------------------------------------------------
# Work that matters is a row first, so a message may be lost or come twice.
if _is_set("CELERY_BROKER_URL"):
    CELERY_BROKER_URL: str = env.str("CELERY_BROKER_URL")
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "visibility_timeout": 2 * 3600,  # Redis: longer than any task, or it is given out twice
        "socket_connect_timeout": 5,
        "socket_timeout": 30,  # a broker that stopped answering is a broken connection
        "socket_keepalive": True,
        "global_keyprefix": "vendorrisk:",
    }
else:
    CELERY_BROKER_URL = "files://localhost/"
    CELERY_BROKER_TRANSPORT_OPTIONS = {"folder": str(VAR_DIR / "broker"), "polling_interval": 0.5}
    CELERY_WORKER_ENABLE_REMOTE_CONTROL = False  # files know no broadcast
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker as long as it takes
# A page does not: its row is stored, and the sweep below takes it up.
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_max": 0.2}
CELERY_TASK_DEFAULT_QUEUE = "vendorrisk"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 3600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_HIJACK_ROOT_LOGGER = False  # the logging of these settings applies
CELERY_WORKER_REDIRECT_STDOUTS = False  # what is printed is no warning
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "vendorrisk.health:Scheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 15
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")
# Changes of the facts wait this long for more of them, so that a burst makes one scan.
SCAN_DEBOUNCE_SECONDS: int = env.int("SCAN_DEBOUNCE_SECONDS", default=3)
_SWEEP = timedelta(seconds=env.int("SCAN_SWEEP_SECONDS", default=30))
_SCAN = timedelta(minutes=env.int("SCAN_EVERY_MINUTES", default=60))
_EXPIRY = timedelta(minutes=10)
CELERY_BEAT_SCHEDULE = {
    "take up queued and abandoned scans": {
        "task": "apps.access.tasks.take_up_scans",
        "schedule": _SWEEP,
        "options": {"expires": _SWEEP.total_seconds()},  # a worker that was away has one to do
    },
    "expire acceptances that have run out": {
        "task": "apps.findings.tasks.expire_acceptances",
        "schedule": _EXPIRY,
        "options": {"expires": _EXPIRY.total_seconds()},
    },
    "take up uploaded and abandoned imports": {
        "task": "apps.access.tasks.take_up_imports",
        "schedule": _SWEEP,
        "options": {"expires": _SWEEP.total_seconds()},
    },
    "give up old imports": {
        "task": "apps.access.tasks.sweep_imports",
        "schedule": timedelta(hours=1),
        "options": {"expires": 3600},
    },
    "scan on a schedule": {
        "task": "apps.access.tasks.scan_on_schedule",
        "schedule": _SCAN,
        "options": {"expires": _SCAN.total_seconds()},
    },
}

# --- findings ------------------------------------------------------------------------------------
# Days from when a finding is opened until it should be settled.
FINDING_DUE_DAYS: dict[str, int] = {
    "critical": env.int("FINDING_DUE_DAYS_CRITICAL", default=7),
    "high": env.int("FINDING_DUE_DAYS_HIGH", default=30),
    "medium": env.int("FINDING_DUE_DAYS_MEDIUM", default=90),
    "low": env.int("FINDING_DUE_DAYS_LOW", default=180),
}
ACCEPTANCE_MAX_DAYS: int = env.int("ACCEPTANCE_MAX_DAYS", default=365)
EVIDENCE_MAX_BYTES: int = env.int("EVIDENCE_MAX_MEGABYTES", default=20) * 1024**2

# --- language, time, files -----------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = VAR_DIR / "media"
MAX_IMPORT_MB: int = env.int("MAX_IMPORT_MB", default=100)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- logging -------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # Django's own handlers would print a line twice, or mail it to ADMINS that nobody set.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
    },
}
