"""Trying the database itself, past everything that Python checks."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction


def refused(sql: str, *values: Any, by: str) -> bool:
    """Whether the database refuses the statement, at once or at commit, by that constraint."""
    with pytest.raises(IntegrityError) as caught:
        _run(sql, values)
    return by in str(caught.value)


def _run(sql: str, values: tuple[Any, ...]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)
        connection.check_constraints()
