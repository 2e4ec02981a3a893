"""Prints the table of roles as the page ``docs/permissions.md``."""

from apps.accounts.role_words import ROLE_WORDS
from apps.accounts.roles import ROLE_PERMISSIONS, SYSTEM_PERMISSIONS, Perm

INTRODUCTION = """\
# Permissions

This page is printed from `apps/accounts/roles.py`: `python manage.py document_permissions --write`.

A **role** says what somebody may do; somebody can have several, but *Vendor respondent* and
*Integration* each stand alone. The **scope** says over which vendors: all of them and our own
organisation, or only the vendors granted one by one, with everything filed under them. What is not
in somebody's scope reads as if it did not exist (404); what is in it but not allowed is refused
(403). Without a role there is nothing to see. `apps/accounts/policy.py` is the only place that
decides.

The *system actor* is what jobs and commands act as. It has no password, and the log names it.
"""

NEVER = """\
## What a role is for, and what it may never do

Some of these rules are about one case at a time (nobody approves their own request), so they stand
in the services and not in the table above. The page of a person shows them beside their roles.
"""


def as_markdown() -> str:
    """The whole page."""
    columns = [*ROLE_PERMISSIONS.items(), (None, SYSTEM_PERMISSIONS)]
    heads = [role.label if role else "System actor" for role, _perms in columns]
    lines = [
        _line(["Permission", *heads]),
        _line(["---", *(":-:" for _head in heads)]),
        *(
            _line([f"`{perm}`", *("yes" if perm in perms else "" for _role, perms in columns)])
            for perm in sorted(Perm)
        ),
    ]
    return f"{INTRODUCTION}\n" + "\n".join(lines) + f"\n\n{NEVER}\n" + "\n".join(_never()) + "\n"


def _never() -> list[str]:
    rows = [[role.label, words.may, words.never] for role, words in ROLE_WORDS.items()]
    return [_line(cells) for cells in (["Role", "May", "May never"], ["---"] * 3, *rows)]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("  ", " ")
