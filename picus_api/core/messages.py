"""The bodies that both computes answer with: one source, so that they are the same to the byte."""

import json

_encoder = json.JSONEncoder(ensure_ascii=False)


def encode(body: object) -> bytes:
    """JSON text in UTF-8, the way every answer but an item's own text is written."""
    return _encoder.encode(body).encode()


def error(message: str, pointer: str | None = None) -> dict[str, str]:
    """The one error shape: a sentence, and the JSON Pointer (RFC 6901) of the value at fault, where there is one."""
    return {"error": message} if pointer is None else {"error": message, "pointer": pointer}


def not_found(key: str) -> str:
    """The sentence for an item that is not there."""
    return f'Item with key "{key}" not found'


def deleted(key: str) -> dict[str, str]:
    """The answer to a delete that did it."""
    return {"message": f'Item with key "{key}" deleted successfully'}


NO_SUCH_PATH = "There is nothing at this path."
UNAVAILABLE = "The item store is unavailable at the moment: try again later."
BUSY = "The item store has more requests than it can take at the moment: try again later."
INTERNAL = "Something went wrong on our side: the cause is in the service's log."


def method_not_allowed(method: str) -> str:
    """The sentence for a method that a path does not serve."""
    return f'Method "{method}" not allowed.'
