"""People and machines that sign in, and the views of lists that they keep.

What they may do is in ``roles``; who decides is ``policy``.
"""

from collections.abc import Iterable
from typing import Any, NoReturn

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.postgres.fields import ArrayField
from django.core.management.base import CommandError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.urls import reverse
from django.utils import timezone

from apps.accounts.choices import Role

NO_PASSWORD = Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)


class UserManager(BaseUserManager["User"]):
    """Makes and finds users by e-mail address, whatever its case."""

    def create_user(
        self, email: str, password: str | None = None, *, roles: Iterable[Role] = (), **fields: Any
    ) -> "User":
        """Save a user, unlogged: ``services.create_user`` is what the application calls."""
        user = self.model(
            email=email.strip().lower(), roles=sorted({str(role) for role in roles}), **fields
        )
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def create_superuser(self, **_fields: Any) -> NoReturn:
        """Refuse: nobody stands above the roles, and an administrator is made with a log entry."""
        raise CommandError("There are no superusers here. Use: manage.py create_owner EMAIL")

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser):
    """Somebody who signs in, or the named system actor that jobs act as.

    ``roles`` say what; ``all_vendors``, or grants on single vendors, say over whom. Django's own
    groups, permissions and superusers are left out: they would be a second way to be allowed.
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
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                name="accounts_user_email_lower_case", condition=Q(email=Lower("email"))
            ),
            models.CheckConstraint(
                name="accounts_user_roles_known",
                condition=Q(roles__contained_by=list(Role.values)),
            ),
            models.CheckConstraint(
                name="accounts_user_respondent_stays_outside",
                condition=~Q(roles__contains=[Role.RESPONDENT])
                | Q(roles=[Role.RESPONDENT], all_vendors=False),
                violation_error_message="A vendor respondent has no other role and no scope over "
                "all vendors.",
            ),
            models.CheckConstraint(
                name="accounts_user_integration_is_no_person",
                condition=~Q(roles__contains=[Role.INTEGRATION])
                | (Q(roles=[Role.INTEGRATION]) & NO_PASSWORD),
                violation_error_message="An integration account has no other role and no password.",
            ),
            models.CheckConstraint(
                name="accounts_user_system_cannot_sign_in",
                condition=Q(is_system=False) | (Q(roles=[], all_vendors=False) & NO_PASSWORD),
                violation_error_message="The system actor has no roles and no password.",
            ),
            models.UniqueConstraint(
                fields=["is_system"],
                name="accounts_user_one_system_actor",
                condition=Q(is_system=True),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def has_role(self, role: Role) -> bool:
        return str(role) in self.roles

    @property
    def role_words(self) -> str:
        """The names of the roles: "Analyst, Reviewer"."""
        return ", ".join(Role(role).label for role in self.roles) or "No role"

    @property
    def standing(self) -> str:
        """How the account stands: open, invited (nobody has set a password) or closed."""
        if not self.is_active:
            return "closed"
        is_open = self.has_usable_password() or self.has_role(Role.INTEGRATION)
        return "open" if is_open else "invited"


class SavedView(models.Model):
    """A list as somebody wants to find it again: the name of its page, and its filters and order.

    ``page`` is the name of a URL without arguments ("vendors:vendor-list"), ``query`` what stands
    behind the question mark. Everybody sees their own alone.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    page = models.CharField(max_length=100)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000, blank=True)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "page", "name"],
                name="accounts_savedview_name_once_a_page",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def address(self) -> str:
        """Where the list stands as this view wants it."""
        return f"{reverse(self.page)}?{self.query}" if self.query else reverse(self.page)


class Invitation(models.Model):
    """A link by which somebody sets a first password. Only the hash of its token is kept.

    It works once, until ``expires_at``, and unless a newer one took its place.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    token_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    replaced_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"],
                name="accounts_invitation_one_open",
                condition=Q(used_at=None, replaced_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"Invitation of {self.user}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()


class SignInAttempt(models.Model):
    """An attempt to sign in that has not succeeded; kept for as long as it counts.

    ``account`` is a keyed hash of what was typed, so that it reads the same whether or not there
    is such an account; ``network`` is where it came from.
    """

    account = models.CharField(max_length=64)
    network = models.CharField(max_length=50)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["account", "at"], name="accounts_attempt_account"),
            models.Index(fields=["network", "at"], name="accounts_attempt_network"),
            models.Index(fields=["at"], name="accounts_attempt_at"),
        ]

    def __str__(self) -> str:
        return f"attempt at {self.at}"
