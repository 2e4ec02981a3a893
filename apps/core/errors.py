"""What services raise. One middleware turns it into a page, one handler into an API answer.

DomainError                 a rule of the domain says no; the message is a sentence for the person
├── InvalidError            the input is wrong: ``fields`` maps a field to its sentences
├── NotAllowedError         signed in, can see it, may not do it: 403
├── ConflictError           the state of the thing does not allow it now: 409
│   ├── InUseError          others refer to it: ``reasons`` lists them, ``alternative`` is offered
│   └── StaleError          somebody else changed it since it was read: ``stored`` is what it is now
└── NotFoundError           it does not exist, or not for you: 404
"""

from collections.abc import Mapping, Sequence


class DomainError(Exception):
    """A rule of the domain says no. ``str(error)`` is a sentence for the person who asked."""

    status = 400


class InvalidError(DomainError):
    """The input is wrong, with the sentences by field."""

    def __init__(self, message: str, fields: Mapping[str, Sequence[str]] | None = None) -> None:
        super().__init__(message)
        self.fields = dict(fields or {})


class NotAllowedError(DomainError):
    """Visible, but this person may not do this to it."""

    status = 403


class NotFoundError(DomainError):
    """It does not exist, or not for this person."""

    status = 404


class ConflictError(DomainError):
    """The state of the thing does not allow this now."""

    status = 409


class InUseError(ConflictError):
    """Others refer to it, so it cannot be deleted; retiring is offered instead."""

    def __init__(self, message: str, reasons: Sequence[str], alternative: str = "") -> None:
        super().__init__(message)
        self.reasons = list(reasons)
        self.alternative = alternative


class StaleError(ConflictError):
    """Somebody else changed it since it was read; ``stored`` holds the fields as they are now."""

    def __init__(self, message: str, stored: Mapping[str, object]) -> None:
        super().__init__(message)
        self.stored = dict(stored)
