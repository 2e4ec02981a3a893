"""How a fact is written: who may, is it right, what changed, one entry in the log.

The services of the register and of the access graph say by name what can be done to each fact; the
way it is done is the same for all of them and stands here.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Generic, TypedDict, TypeVar

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import IntegrityError, connection, models, transaction

from apps.accounts import policy
from apps.accounts.models import User
from apps.accounts.roles import Perm
from apps.audit import services as audit
from apps.audit.canonical import JSON, canonical
from apps.core.errors import ConflictError, InUseError, InvalidError, NotFoundError, StaleError
from apps.core.models import Filed, Keyed, Seen
from apps.engine.values import Source
from apps.vendors.references import references_to
from apps.vendors.selectors import visible_facts

F = TypeVar("F", bound=Seen)

Changes = Mapping[str, object]


class FactFields(TypedDict, total=False):
    """What can be stated about any fact.

    ``version``, with a change only, is what ``version_of`` gave when the fact was read: when it is
    another by now, StaleError is raised instead of overwriting what somebody else wrote.
    """

    name: str
    source: Source
    version: str


def version_of(fact: Seen) -> str:
    """A digest of everything stated about a fact: another one after every change of it."""
    return _writers[type(fact)].version(fact)


_writers: "dict[type[Seen], FactWriter[Any]]" = {}


def vendors_of(fact: Filed) -> set[int | None]:
    """The vendors that the fact is filed under; None stands for our own organisation."""
    if not fact.filed_under:
        return {None}
    found: set[int | None] = set()
    for path in fact.filed_under:
        found |= _vendors_along(fact, path.split("__"))
    return found


def _vendors_along(holder: models.Model, steps: list[str]) -> set[int | None]:
    step, *further = steps
    if step == "pk":
        return set() if holder.pk is None else {holder.pk}
    if step == "vendor":
        return {getattr(holder, "vendor_id", None)}
    value = getattr(holder, step, None)  # an end may be absent
    if value is None:
        return set()
    if isinstance(value, models.Manager):
        return set().union(*(vendors_of(part) for part in value.all())) if holder.pk else set()
    return _vendors_along(value, further)


@dataclass(frozen=True, kw_only=True)
class FactWriter(Generic[F]):
    """Writes the facts of one model: allowed, validated, saved and logged in one transaction.

    ``fixed`` fields are stated once, ``changeable`` ones at any time; ``listed`` is the one among
    them, if any, that is a list in a table of its own. ``check`` is asked last, with the names
    that change, and looks at other tables. ``instead`` is offered when deleting is refused.

    All three methods raise NotFoundError for what does not exist or is out of the actor's scope
    (references included), NotAllowedError for what the actor's roles do not permit, InvalidError
    for wrong values, and ConflictError when somebody else's write came in between.
    """

    model: type[F]
    noun: str
    changeable: Collection[str]
    fixed: Collection[str] = ("key",)
    listed: str = ""
    instead: str = ""
    check: Callable[[F, Collection[str]], None] | None = None
    add: Perm = Perm.CHANGE_FACT
    edit: Perm = Perm.CHANGE_FACT
    remove: Perm = Perm.DELETE_FACT

    def __post_init__(self) -> None:
        _writers[self.model] = self

    def version(self, fact: F) -> str:
        """See ``version_of``."""
        return hashlib.sha256(canonical(self._state(fact)).encode()).hexdigest()[:24]

    @transaction.atomic
    def create(self, actor: User, /, **values: object) -> F:
        """Store a new fact and log ``noun.created``; a name left out is the key."""
        self._refuse_unknown(values, {*self.fixed, *self._changeable})
        items = self._take_items(values)
        fact = self.model(**values)
        self._allow(actor, self.add, self._vendors(fact, items))
        _refuse_unseen(actor, [*values.values(), items])
        if isinstance(fact, Keyed) and not fact.name:
            fact.name = fact.key
        self._refuse_unstorable(fact)
        self._validate(fact)
        if self.check:
            self.check(fact, list(values))
        self._save(fact, items, None)
        self._log(actor, fact, vendors_of(fact), "created", {"after": self._state(fact)})
        return fact

    @transaction.atomic
    def change(
        self,
        actor: User,
        fact: F,
        changes: Changes | Callable[[F], Changes],
        *,
        done: str = "changed",
    ) -> F:
        """Save the named fields of a fact and log ``noun.done``; without a difference, nothing.

        ``changes`` may be a function of the stored fact, called once it is locked.
        """
        stored = self._locked(fact, exclusive=False)
        vendors = vendors_of(stored)
        self._allow(actor, self.edit, vendors)
        values = dict(changes(stored) if callable(changes) else changes)
        self._refuse_stale(stored, values.pop("version", None))
        self._refuse_unknown(values, self._changeable)
        before = self._state(stored, values)
        items = self._take_items(values)
        for name, value in values.items():
            setattr(stored, name, value)
        self._allow(actor, self.edit, self._vendors(stored, items) - vendors)
        _refuse_unseen(actor, [*values.values(), items])
        self._refuse_unstorable(stored)
        after = self._intended(stored, values, items)
        changed = [name for name in after if after[name] != before[name]]
        if not changed:
            return stored
        self._validate(stored)
        if self.check:
            self.check(stored, changed)
        fields = [name for name in changed if name != self.listed]
        self._save(stored, items if self.listed in changed else None, fields)
        data: dict[str, JSON] = {
            "before": {name: before[name] for name in changed},
            "after": {name: after[name] for name in changed},
        }
        self._log(actor, stored, vendors | vendors_of(stored), done, data)
        return stored

    @transaction.atomic
    def delete(self, actor: User, fact: F) -> None:
        """Delete a fact that nothing refers to and log ``noun.deleted``; else raise InUseError."""
        stored = self._locked(fact, exclusive=True)
        vendors = vendors_of(stored)
        self._allow(actor, self.remove, vendors)
        if reasons := references_to(stored, user=actor):
            raise self._in_use(stored, reasons)
        before = self._state(stored)
        number = stored.pk
        try:
            with transaction.atomic():
                stored.delete()
                connection.check_constraints()
        except (models.ProtectedError, IntegrityError) as error:
            stored.pk = number
            raise self._in_use(stored, references_to(stored, user=actor)) from error
        stored.pk = number  # deleting takes it away, and the log wants to name what was deleted
        self._log(actor, stored, vendors, "deleted", {"before": before})

    def after_write(self, actor: User) -> None:
        """What else follows from a write, before it is logged."""

    # --- the list: what a subclass may know better ------------------------------------------------

    def _vendors(self, fact: F, items: list[Filed] | None) -> set[int | None]:  # noqa: ARG002 - for subclasses
        """Whose scope decides over the fact with this list, which is not stored yet."""
        return vendors_of(fact)

    def _items(self, value: object) -> list[Filed]:
        """The items of a stated list; None stands for an empty one."""
        items: list[Filed] = list(value) if isinstance(value, Iterable) else []
        if len({(type(item), item.pk) for item in items}) != len(items):
            raise self._invalid({self.listed: ["Each may be named once only."]})
        return items

    def _names(self, items: Iterable[models.Model]) -> JSON:
        """The list as the log shows it."""
        return sorted(str(getattr(item, "key", item)) for item in items)

    def _stored_items(self, fact: F) -> Iterable[models.Model]:
        stored: Iterable[models.Model] = getattr(fact, self.listed).all()
        return stored

    def _save_items(self, fact: F, items: list[Filed]) -> None:
        getattr(fact, self.listed).set(items)

    # --- steps ------------------------------------------------------------------------------------

    def _refuse_unknown(self, values: Changes, known: Collection[str]) -> None:
        if unknown := sorted(set(values) - set(known)):
            raise TypeError(f"{self.noun}: these fields cannot be stated here: {unknown}")

    def _refuse_stale(self, stored: F, version: object) -> None:
        if version is not None and version != self.version(stored):
            raise StaleError(
                f"The {self._words} was not saved: somebody else changed it while you were "
                "writing. Look at what differs, then save again.",
                self._state(stored),
            )

    @property
    def _changeable(self) -> list[str]:
        """What can be stated: the version is asked about a fact, not stated of it."""
        return [name for name in self.changeable if name != "version"]

    def _take_items(self, values: dict[str, object]) -> list[Filed] | None:
        return self._items(values.pop(self.listed)) if self.listed in values else None

    def _allow(self, actor: User, perm: Perm, vendors: set[int | None]) -> None:
        if perm is Perm.ADD_VENDOR:
            policy.require(actor, perm)
        for vendor in sorted(vendors, key=lambda number: number or 0):
            policy.require(actor, perm, vendor=vendor)

    def _locked(self, fact: F, *, exclusive: bool) -> F:
        """The row as it is now, locked; ``exclusive`` also keeps new references to it waiting."""
        foreign = [f.name for f in self.model._meta.fields if isinstance(f, models.ForeignKey)]
        further = [path.rpartition("__")[0] for path in self.model.filed_under if "__" in path]
        rows = self.model._base_manager.select_related(*foreign, *further)
        try:
            return rows.select_for_update(of=("self",), no_key=not exclusive).get(pk=fact.pk)
        except ObjectDoesNotExist as error:
            raise NotFoundError(f"This {self._words} does not exist, or not any more.") from error

    def _refuse_unstorable(self, fact: F) -> None:
        faults = {
            field.name: [fault]
            for field in self.model._meta.fields
            if (fault := _unstorable(getattr(fact, field.attname)))
        }
        if faults:
            raise self._invalid(faults)

    def _validate(self, fact: F) -> None:
        try:
            fact.full_clean()
        except ValidationError as error:
            raise self._invalid(error.message_dict) from error

    def _save(self, fact: F, items: list[Filed] | None, fields: list[str] | None) -> None:
        """Write the row and its list, and have the database check what it checks at commit."""
        try:
            with transaction.atomic():
                fact.save(update_fields=fields, force_insert=fields is None)
                if items is not None:
                    self._save_items(fact, items)
                connection.check_constraints()
        except IntegrityError as error:
            raise ConflictError(
                f"The {self._words} was not saved: at the same moment somebody else took its key "
                "or changed a fact that it refers to. Look at the facts again and repeat it."
            ) from error

    def _state(self, fact: F, names: Collection[str] | None = None) -> dict[str, JSON]:
        """The fields as the log shows them: references by key, times in UTC."""
        shown = [*self.fixed, *self._changeable] if names is None else names
        return {
            name: self._names(self._stored_items(fact))
            if name == self.listed
            else as_json(getattr(fact, name))
            for name in shown
        }

    def _intended(self, fact: F, values: Changes, items: list[Filed] | None) -> dict[str, JSON]:
        """The named fields as they will be, of a fact that is not saved yet."""
        listed = {} if items is None else {self.listed: self._names(items)}
        return self._state(fact, list(values)) | listed

    def _log(
        self,
        actor: User,
        fact: F,
        vendors: set[int | None],
        done: str,
        data: dict[str, JSON],
    ) -> None:
        # What concerns several vendors is shown to nobody who may see only one of them.
        [vendor] = vendors if len(vendors) == 1 else [None]
        self.after_write(actor)
        audit.record(
            actor=actor, action=f"{self.noun}.{done}", target=fact, vendor_id=vendor, data=data
        )

    def _invalid(self, faults: Mapping[str, list[str]]) -> InvalidError:
        told = [
            sentence if name == "__all__" else f"{name}: {sentence}"
            for name, sentences in faults.items()
            for sentence in sentences
        ]
        return InvalidError(f"The {self._words} was not saved. {' '.join(told)}", faults)

    def _in_use(self, fact: F, reasons: list[str]) -> InUseError:
        name = fact.key if isinstance(fact, Keyed) else str(fact)
        return InUseError(
            f"The {self._words} {name} was not deleted: other facts refer to it.",
            reasons,
            self.instead,
        )

    @property
    def _words(self) -> str:
        return str(self.model._meta.verbose_name)


def _refuse_unseen(actor: User, values: Iterable[object]) -> None:
    """Nobody refers to a fact that they cannot see: one query for each kind of fact."""
    named: dict[type[Filed], set[int]] = defaultdict(set)
    for value in values:
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Filed):
                named[type(item)].add(item.pk)
    for model, keys in named.items():
        seen = visible_facts(model._base_manager.filter(pk__in=keys), user=actor)
        if seen.count() != len(keys):
            words = model._meta.verbose_name
            raise NotFoundError(f"The {words} that this refers to does not exist, or not for you.")


def _unstorable(value: object) -> str:
    """Why the database cannot store the value, or an empty text."""
    if isinstance(value, datetime):
        return _no_instant(value)
    texts = value if isinstance(value, list) else [value]
    if any(isinstance(text, str) and _has_no_bytes(text) for text in texts):
        return "It holds a character that cannot be stored."
    return ""


def _no_instant(time: datetime) -> str:
    if time.tzinfo is None:
        return "A time needs its zone."
    try:
        time.astimezone(UTC)
    except OverflowError:
        return "It lies outside of the years that can be stored."
    return ""


def _has_no_bytes(text: str) -> bool:
    return "\0" in text or any("\ud800" <= character <= "\udfff" for character in text)


def as_json(value: object) -> JSON:
    """A stated value as the log keeps it: references by key, times in UTC."""
    if isinstance(value, Keyed):
        return value.key
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        if any(isinstance(item, Keyed) for item in value):
            return sorted(item.key for item in value)
        return [str(item) for item in value]
    return value if value is None or isinstance(value, bool | int) else str(value)
