"""The interchange document as JSON Schema (draft 2020-12), made from the table.

``python -m apps.engine.document_schema > docs/access-graph.schema.json`` publishes it. It says what
a row may look like. What it cannot say, the reader and the merge check: that references resolve,
keys come once, ends are not before starts, days exist.
"""

import json
import sys
from typing import Any

from apps.engine.document_table import FORMAT, LISTS, FactList, Field, Mode
from apps.engine.document_types import JSONSchema


def document_schema() -> JSONSchema:
    """The schema that every document satisfies, those that change some fields only included."""
    lists = {
        spec.name: {"type": "array", "items": {"$ref": f"#/$defs/{spec.name}"}} for spec in LISTS
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:vendorrisk:access-graph:1",
        "title": "Vendorrisk access graph",
        "description": (
            "Who and what can reach which model. Rows are merged by key, relations by from and to; "
            "an omitted field is left as it is, null sets its default, a list replaces the list."
        ),
        "type": "object",
        "required": ["format"],
        "additionalProperties": False,
        "properties": {
            "format": {"const": FORMAT},
            "mode": {
                "enum": [str(mode) for mode in Mode],
                "default": str(Mode.MERGE),
                "description": (
                    "Replace also ends what the document's lists do not contain: relations are "
                    "removed, environments retired, identities disabled, credentials revoked, "
                    "allowlist entries expired."
                ),
            },
            **lists,
        },
        "$defs": {spec.name: _row(spec) for spec in LISTS},
    }


def _row(spec: FactList) -> JSONSchema:
    return {
        "type": "object",
        "required": list(spec.identity),
        "additionalProperties": False,
        "properties": {field.name: _field(spec, field) for field in spec.fields},
    }


def _field(spec: FactList, field: Field) -> JSONSchema:
    schema = field.type.schema()
    if field.required:
        if field.name not in spec.identity:
            schema["description"] = f"Required for a new {spec.noun}."
        return schema
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    else:
        schema["type"] = [schema["type"], "null"]
    if field.name == "name" and not spec.is_relation:
        schema["description"] = "The key, where it is not stated."
    else:
        schema["default"] = _default(field)
    return schema


def _default(field: Field) -> Any:
    if field.name == "name":
        return ""
    return None if field.default is None else field.type.write(field.default)


def schema_text() -> str:
    """The schema as it is published."""
    return json.dumps(document_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema_text())
