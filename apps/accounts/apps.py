from django.apps import AppConfig
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from apps.accounts.choices import Role


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"

    def ready(self) -> None:
        if unknown := sorted(set(settings.REQUIRE_MFA_ROLES) - set(Role.values)):
            raise ImproperlyConfigured(
                f"REQUIRE_MFA_ROLES names what is no role: {', '.join(unknown)}. "
                f"The roles are {', '.join(Role.values)}."
            )
