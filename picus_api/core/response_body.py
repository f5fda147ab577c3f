"""Response bodies that both computes send: one source, so that they are equal to the byte."""

import json

_encoder = json.JSONEncoder(ensure_ascii=False)


def encode_json(body: object) -> bytes:
    """Return JSON text in UTF-8. Every response body but the text of an item is written by this function."""
    return _encoder.encode(body).encode()


def deleted_body(key: str) -> dict[str, str]:
    """Return the body of the response to a successful delete (contract.md, Endpoints)."""
    return {"message": f'Item with key "{key}" deleted successfully'}
