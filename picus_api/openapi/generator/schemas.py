"""The shapes of bodies, as components: JSON Schema 2020-12, which is what OpenAPI 3.1 speaks."""

from typing import Any

Schema = dict[str, Any]

# DynamoDB's.
LIMIT, SMALLEST = 1e126, 1e-130
DIGITS = 10**38 - 1


def ref(name: str) -> Schema:
    """A reference to a schema of this page."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(description: str, **keywords: Any) -> Schema:
    return {
        "type": "object",
        "description": description,
        "additionalProperties": ref("Value"),
        "propertyNames": {"minLength": 1},
        **keywords,
    }


_KEY = {"type": "string", "minLength": 1, "description": "The item's key. At most 2,048 bytes of UTF-8."}

SCHEMAS: dict[str, Schema] = {
    "Number": {
        "description": (
            "Exactly as sent: at most 38 significant digits, from 1e-130 to just under 1e126 on either side of zero. "
            "Beyond that: 400."
        ),
        "anyOf": [
            {"type": "integer", "minimum": -DIGITS, "maximum": DIGITS},
            {"type": "number", "minimum": SMALLEST, "exclusiveMaximum": LIMIT},
            {"type": "number", "exclusiveMinimum": -LIMIT, "maximum": -SMALLEST},
        ],
    },
    "Value": {
        "description": "Any JSON value, down to 32 levels, the item being the first.",
        "anyOf": [
            {"type": "null"},
            {"type": "boolean"},
            {"type": "string"},
            ref("Number"),
            {"type": "array", "items": ref("Value")},
            {"type": "object", "additionalProperties": ref("Value"), "propertyNames": {"minLength": 1}},
        ],
    },
    "NewItem": _object(
        "A JSON object of at most 400 KB, as DynamoDB counts, without `object_id`: the service assigns it.",
        **{"not": {"required": ["object_id"]}},
    ),
    "Replacement": _object(
        "A JSON object of at most 400 KB, as DynamoDB counts. `object_id` may be left out; if it is there, it is the "
        "key in the path.",
        properties={"object_id": _KEY},
    ),
    "Patch": _object(
        "A JSON Merge Patch (RFC 7396): `null` removes a name, objects merge, everything else replaces.",
        properties={"object_id": {**_KEY, "description": "The key in the path, or left out."}},
    ),
    "Item": _object(
        "An item. Types that JSON has no word for, written by other programs: a set is an array, binary a base64 text.",
        properties={"object_id": _KEY},
        required=["object_id"],
    ),
    "Key": {
        "type": "object",
        "properties": {"object_id": _KEY},
        "required": ["object_id"],
        "additionalProperties": False,
    },
    "Message": {
        "type": "object",
        "properties": {"message": {"type": "string"}},
        "required": ["message"],
        "additionalProperties": False,
    },
    "Error": {
        "type": "object",
        "description": "What every error looks like, whichever compute it comes from.",
        "properties": {
            "error": {"type": "string", "minLength": 1, "description": "One sentence that a person can act on."},
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
                "description": "The character where it stops to make sense.",
            },
            "line": {"type": "integer", "minimum": 1, "description": "The line at fault, of many."},
        },
        "required": ["error"],
        "additionalProperties": False,
    },
    "Outcome": {
        "description": "What became of one line: written, or not and why.",
        "anyOf": [
            ref("Key"),
            {
                "type": "object",
                "properties": {
                    "line": {"type": "integer", "minimum": 1},
                    "error": {"type": "string"},
                    "code": {"type": "string"},
                    "status": {"type": "integer", "description": "What a request with this item alone would get."},
                    "object_id": {**_KEY, "description": "Only where the item may be written: `GET` tells."},
                },
                "required": ["line", "error", "code", "status"],
                "additionalProperties": False,
            },
        ],
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
        "description": "Each endpoint's method and path.",
        "additionalProperties": {"type": "string", "pattern": "^[A-Z]+ /"},
    },
}
