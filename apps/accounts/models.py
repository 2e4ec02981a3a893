"""People and machines that sign in. What they may do is in ``roles``; who decides is ``policy``."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from apps.accounts.choices import Role


class UserManager(BaseUserManager["User"]):
    """Makes users by e-mail address."""

    def create_user(
        self, email: str, password: str | None = None, *, roles: Iterable[Role] = (), **fields: Any
    ) -> "User":
        user = self.model(
            email=email.strip().lower(), roles=[str(role) for role in roles], **fields
        )
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An administrator of the installation: the role, no more."""
        return self.create_user(
            email, password, roles=[Role.ADMINISTRATOR], all_vendors=True, **fields
        )


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in, or the named system actor that jobs act as.

    ``roles`` say what; ``all_vendors``, or grants on single vendors, say over whom.
    """

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200)
    roles = ArrayField(models.CharField(max_length=20, choices=Role), default=list, blank=True)
    all_vendors = models.BooleanField(
        default=False,
        help_text="Sees every vendor and our own organisation, without single grants.",
    )
    is_active = models.BooleanField(default=True)
    is_system = models.BooleanField(default=False, editable=False)
    time_zone = models.CharField(max_length=64, default="UTC")
    date_joined = models.DateTimeField(db_default=Now(), editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_system"],
                name="accounts_user_one_system_actor",
                condition=models.Q(is_system=True),
            ),
            models.CheckConstraint(
                name="accounts_user_roles_known",
                condition=models.Q(roles__contained_by=list(Role.values)),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def has_role(self, role: Role) -> bool:
        return str(role) in self.roles
