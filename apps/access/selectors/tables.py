"""The facts as the array engine reads them: one snapshot, one value a list."""

from enum import StrEnum
from typing import Any

from django.db import connection, models, transaction
from django.db.backends.utils import CursorWrapper

from apps.access.models import (
    Administers,
    AIModel,
    AllowlistEntry,
    Connects,
    ConnectsDeployment,
    Credential,
    Deployment,
    Drill,
    Enters,
    Environment,
    Exposure,
    ExposureTarget,
    Grants,
    Holds,
    Identity,
    Jumps,
    MemberOf,
)
from apps.engine.arrays.columns import (
    KEYED,
    LAYOUT,
    Column,
    Sent,
    decode,
    tables_from_columns,
)
from apps.engine.arrays.tables import Tables
from apps.vendors.models import Contract, ContractSubcontractor, Vendor

MODELS: dict[str, type[models.Model]] = {
    "vendors": Vendor,
    "environments": Environment,
    "identities": Identity,
    "credentials": Credential,
    "models": AIModel,
    "deployments": Deployment,
    "allowlist": AllowlistEntry,
    "exposures": Exposure,
    "drills": Drill,
    "contracts": Contract,
    "holds": Holds,
    "enters": Enters,
    "member_of": MemberOf,
    "jumps": Jumps,
    "connects": Connects,
    "connects_deployments": ConnectsDeployment,
    "grants": Grants,
    "administers": Administers,
    "exposure_targets": ExposureTarget,
    "contract_subcontractors": ContractSubcontractor,
}


def load_tables() -> Tables:
    """All facts, dead ones included, as of one instant of the database."""
    with transaction.atomic(), connection.cursor() as cursor:
        if not connection.savepoint_ids:  # the outermost transaction: ours alone
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        lists = {name: decode(name, _value(cursor, _rows_sql(name)) or b"") for name in LAYOUT}
        keys = {name: (_value(cursor, _keys_sql(name)) or "").split() for name in KEYED}
    return tables_from_columns(lists, keys)


def _value(cursor: CursorWrapper, statement: str) -> Any:
    cursor.execute(statement)
    (value,) = cursor.fetchone()
    return value


def _rows_sql(name: str) -> str:
    """One value for a whole list: far cheaper to receive than a row at a time."""
    model = MODELS[name]
    row = " || ".join(_sent(model, column, sent) for column, sent in LAYOUT[name].items())
    order = ' ORDER BY "key"' if name in KEYED else ""
    table = connection.ops.quote_name(model._meta.db_table)
    return f"SELECT string_agg({row}, ''{order}) FROM {table}"  # noqa: S608 - our own names


def _keys_sql(name: str) -> str:
    table = connection.ops.quote_name(MODELS[name]._meta.db_table)
    keys = """string_agg("key", ' ' ORDER BY "key")"""
    return f"SELECT {keys} FROM {table}"  # noqa: S608 - our own names


def _sent(model: type[models.Model], name: str, sent: Column) -> str:
    """The SQL that packs a column the way ``LAYOUT`` asks for."""
    field = model._meta.get_field(name)
    if not isinstance(field, models.Field):
        raise TypeError(f"{model.__name__}.{name} is no column")
    column = connection.ops.quote_name(str(field.column))
    match sent:
        case Sent.ID:
            return f"int8send(coalesce({column}, -1))"
        case Sent.TIME:
            return f"timestamptz_send(coalesce({column}, '-infinity'))"
        case Sent.DAY:
            return f"date_send(coalesce({column}, 'infinity'))"
        case Sent.COUNT:
            count = f"cardinality({column})"
            distinct = f"(array(SELECT DISTINCT unnest({column})))"
            return f"int4send(CASE WHEN {count} < 2 THEN {count} ELSE cardinality{distinct} END)"
        case Sent.FLAG:
            return f"boolsend({column})"
    return f"int2send(({_code(column, sent)})::int2)"


def _code(column: str, enum: type[StrEnum]) -> str:
    members = [f"WHEN '{member}' THEN {code}" for code, member in enumerate(enum)]
    return " ".join(["CASE", column, *members, "END"])
