"""Parts that fit into one request."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Entry = TypeVar("Entry")


def batches(
    entries: Iterable[Entry], size_of: Callable[[Entry], int], *, most: int, most_bytes: int
) -> Iterator[list[Entry]]:
    """The entries in order, at most so many together and of so many bytes; one that is larger goes alone."""
    batch: list[Entry] = []
    size = 0
    for entry in entries:
        more = size_of(entry)
        if batch and (len(batch) == most or size + more > most_bytes):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += more
    if batch:
        yield batch
