"""Put an adapter in the place of a part of moto, and the part back afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def replaced(owner: object, name: str, value: object) -> Iterator[None]:
    """owner: a class or module. Its own attribute is put back, not one that it inherits."""
    original = vars(owner)[name]
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, original)
