"""Taking the first step of a coroutine, to see whether it has to wait at all."""

from collections.abc import Awaitable, Coroutine, Generator
from types import CoroutineType, coroutine as generator_based
from typing import Any, Generic, TypeVar, cast

from interlock.values import immutable

T = TypeVar("T")


@immutable(kw_only=False)
class Finished(Generic[T]):
    """What came of a coroutine that did not have to wait."""

    value: T


def begin(work: Awaitable[T]) -> Finished[T] | Awaitable[T]:
    """Run a coroutine until it waits for something, or ends.

    Whoever begins it must be the task that awaits the rest: the coroutine may have asked for it.
    """
    # As `inspect.iscoroutine` asks, which is one call more for each.
    is_coroutine = isinstance(work, CoroutineType)
    coroutine = cast(Coroutine[Any, Any, T], work) if is_coroutine else _awaiting(work)
    try:
        waits_for = coroutine.send(None)
    except StopIteration as end:
        return Finished(end.value)
    return _rest(coroutine, waits_for)


async def _awaiting(work: Awaitable[T]) -> T:
    return await work


@generator_based
def _rest(coroutine: Coroutine[Any, Any, T], waits_for: object) -> Generator[Any, Any, T]:
    """Hand up what a coroutine waits for, hand down what comes of it, and let it go on."""
    while True:
        try:
            yield waits_for
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is for the coroutine
            try:
                waits_for = coroutine.throw(error)
            except StopIteration as end:
                return cast(T, end.value)
        else:
            return (yield from coroutine.__await__())
