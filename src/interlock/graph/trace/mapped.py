"""What `each` yields, in types."""

from typing import Generic, TypeVar

R = TypeVar("R")


class Mapped(Generic[R]):
    """What `each` returns, as type checkers see it.

    Attributes:
        results: what the body returned, in the order of the list, without those that failed.
        failed: how many items failed.
        count: how many did not.
    """

    results: list[R]
    failed: int
    count: int
