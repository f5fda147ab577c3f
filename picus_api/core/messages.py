"""The bodies that both computes answer with: one source, so that they are the same to the byte."""

import json

_encoder = json.JSONEncoder(ensure_ascii=False)


def encode(body: object) -> bytes:
    """JSON text in UTF-8, the way every answer but an item's own text is written."""
    return _encoder.encode(body).encode()


def error(message: str, pointer: str | None = None) -> dict[str, str]:
    """The one error shape: a sentence, and the JSON Pointer (RFC 6901) of the value at fault, where there is one."""
    return {"error": message} if pointer is None else {"error": message, "pointer": pointer}


def line_error(line: int, message: str, pointer: str | None) -> dict[str, object]:
    """The error of one line of many (from 1), and of the value in it, where there is one."""
    return {**error(f"Line {line}: {message}", pointer), "line": line}


def parameter_error(message: str, parameter: str, position: int | None) -> dict[str, object]:
    """The error of a query parameter, and the character (from 1) where it stops to make sense, where there is one."""
    about: dict[str, object] = {"error": message, "parameter": parameter}
    return about if position is None else {**about, "position": position}


def not_found(key: str) -> str:
    """The sentence for an item that is not there."""
    return f'Item with key "{key}" not found'


def not_there(key: str) -> str:
    """The sentence for a precondition on an item that is not there."""
    return f'Item with key "{key}" is not there to match'


def changed(key: str) -> str:
    """The sentence for an item that is not as If-Match wants it."""
    return f'Item with key "{key}" has changed: get it again'


def there_already(key: str) -> str:
    """The sentence for an item that If-None-Match does not want."""
    return f'Item with key "{key}" is there already'


def not_comparable(key: str) -> str:
    """The sentence for an item that is too wide to be guarded without a version."""
    return f'Item with key "{key}" has too many attributes to be guarded: replace it once without If-Match'


def contended(key: str) -> str:
    """The sentence for an item that others change all the time."""
    return f'Item with key "{key}" is being changed by others all the time: try again'


def deleted(key: str) -> dict[str, str]:
    """The answer to a delete that did it."""
    return {"message": f'Item with key "{key}" deleted successfully'}


NO_SUCH_PATH = "There is nothing at this path."
UNAVAILABLE = "The item store is unavailable at the moment: try again later."
BUSY = "The item store has more requests than it can take at the moment: try again later."
IN_PROGRESS = "Another request with this Idempotency-Key is in progress: try again."
KEY_REUSED = "This Idempotency-Key was used for another body: take a new key for a new item."
NO_RECORDS = "Idempotency-Key can't be honoured at the moment, so nothing was stored: try again later or without it."
ITEM_TOO_LARGE = "The item is larger than the 400 KB that DynamoDB holds."
INTERNAL = "Something went wrong on our side: the cause is in the service's log."


def method_not_allowed(method: str) -> str:
    """The sentence for a method that a path does not serve."""
    return f'Method "{method}" not allowed.'
