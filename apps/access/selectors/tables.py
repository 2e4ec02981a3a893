"""The facts as the array engine reads them: one snapshot, one COPY a list."""

from enum import StrEnum

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
        if not transaction.get_connection().savepoint_ids:  # the outermost transaction: ours alone
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        lists = {name: decode(name, _copied(cursor, _rows_sql(name))) for name in LAYOUT}
        keys = {name: _copied(cursor, _keys_sql(name)).decode().split() for name in KEYED}
    return tables_from_columns(lists, keys)


def _copied(cursor: CursorWrapper, statement: str) -> bytes:
    with cursor.copy(statement) as copy:
        return b"".join(copy)


def _rows_sql(name: str) -> str:
    model = MODELS[name]
    columns = ", ".join(_sent(model, column, sent) for column, sent in LAYOUT[name].items())
    order = ' ORDER BY "key"' if name in KEYED else ""
    table = connection.ops.quote_name(model._meta.db_table)
    statement = f"SELECT {columns} FROM {table}{order}"  # noqa: S608 - our own names
    return f"COPY ({statement}) TO STDOUT (FORMAT binary)"


def _keys_sql(name: str) -> str:
    table = connection.ops.quote_name(MODELS[name]._meta.db_table)
    statement = f'SELECT "key" FROM {table} ORDER BY "key"'  # noqa: S608 - our own name
    return f"COPY ({statement}) TO STDOUT"


def _sent(model: type[models.Model], name: str, sent: Column) -> str:
    """The SQL that sends a column the way ``LAYOUT`` asks for."""
    field = model._meta.get_field(name)
    if not isinstance(field, models.Field):
        raise TypeError(f"{model.__name__}.{name} is no column")
    column = connection.ops.quote_name(str(field.column))
    match sent:
        case Sent.ID:
            return f"coalesce({column}, -1)::int8"
        case Sent.TIME:
            return f"coalesce({column}, '-infinity')"
        case Sent.DAY:
            return f"coalesce({column}, 'infinity')"
        case Sent.COUNT:
            distinct = f"(SELECT count(DISTINCT item) FROM unnest({column}) item)"
            count = f"cardinality({column})"
            return f"(CASE WHEN {count} < 2 THEN {count} ELSE {distinct} END)::int4"
        case Sent.FLAG:
            return column
    return _code(column, sent)


def _code(column: str, enum: type[StrEnum]) -> str:
    members = ", ".join(f"'{member}'" for member in enum)
    return f"(array_position(ARRAY[{members}], {column}::text) - 1)::int2"
