"""Schemas of bodies as components, in JSON Schema 2020-12 (OpenAPI 3.1)."""

from typing import Any

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    """Return a reference to a component."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(description: str, **keywords: Any) -> Schema:
    return {
        "type": "object",
        "description": description,
        # Any JSON value. Client generators can't handle a recursive schema of JSON values.
        "additionalProperties": {},
        "propertyNames": {"minLength": 1},
        **keywords,
    }


_KEY = {"type": "string", "minLength": 1, "description": "The item's key. At most 2,048 bytes of UTF-8."}

SCHEMAS: dict[str, Schema] = {
    "NewItem": _object(
        "A JSON object of at most 400 KB, as DynamoDB counts, without `object_id`: the service assigns it.",
        **{"not": {"properties": {"object_id": {}}, "required": ["object_id"]}},
    ),
    "Replacement": _object(
        "A JSON object of at most 400 KB, as DynamoDB counts. `object_id` is optional. It must be the key in the path.",
        properties={"object_id": _KEY},
    ),
    "Patch": _object(
        "A JSON Merge Patch (RFC 7396): `null` removes a name, objects merge, everything else replaces.",
        properties={"object_id": {**_KEY, "description": "Optional: the key in the path."}},
    ),
    "Item": _object(
        "An item. Sets, which other programs can store, are arrays here. Binary values are base64 strings.",
        properties={"object_id": _KEY},
        required=["object_id"],
    ),
    "Key": _object(
        "The key of the written item, or with `Prefer: return=representation` the whole item.",
        properties={"object_id": _KEY},
        required=["object_id"],
    ),
    "Message": {
        "type": "object",
        "properties": {"message": {"type": "string"}},
        "required": ["message"],
        "additionalProperties": False,
    },
    "Error": {
        "type": "object",
        "description": "The body of every error, from the service and from the delete function.",
        "properties": {
            "error": {"type": "string", "minLength": 1, "description": "The error in one sentence for people."},
            "code": {
                "type": "string",
                "pattern": "^[a-z]+(_[a-z]+)*$",
                "description": "A stable name for programs. Only the 404 of a missing item has none.",
            },
            "pointer": {
                "type": "string",
                "description": "JSON Pointer (RFC 6901) to the value at fault.",
            },
            "parameter": {"type": "string", "description": "The query parameter at fault."},
            "position": {
                "type": "integer",
                "minimum": 1,
                "description": "The first character (from 1) of the parameter that is wrong.",
            },
            "line": {"type": "integer", "minimum": 1, "description": "The line (from 1) at fault."},
        },
        "required": ["error"],
        "additionalProperties": False,
    },
    "Health": {
        "type": "object",
        "properties": {
            "status": {"type": "string"},
            "checks": {"type": "object", "additionalProperties": {"type": "string"}},
            "error": {"type": "string", "description": "Names the failing check."},
            "code": {"type": "string"},
        },
        "required": ["status", "checks"],
    },
    "Version": {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("version", "commit", "source", "build")},
        "required": ["version", "commit", "source", "build"],
    },
    "Endpoints": {
        "type": "object",
        "description": "Method and path of each endpoint.",
        "additionalProperties": {"type": "string", "pattern": "^[A-Z]+ /"},
    },
}
