"""The end of a run in this process, and those who wait for it."""

import asyncio
from typing import final


@final
class Ending:
    """Comes once. Whoever waits for it has a future of their own, and may cancel that.

    One future for all, in an `asyncio.shield` for each, would go through the loop twice more; and
    most runs are waited for once.
    """

    __slots__ = ("_awaited", "_error", "is_reached")

    def __init__(self) -> None:
        self.is_reached = False
        self._error: BaseException | None = None
        self._awaited: list[asyncio.Future[None]] = []

    def awaited(self) -> asyncio.Future[None]:
        """A future that is done when the end is reached; what ended the run is its exception."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.is_reached:
            self._tell(future)
        else:
            self._awaited.append(future)
        return future

    def reach(self, error: BaseException | None) -> None:
        """Tell all who wait."""
        self.is_reached, self._error = True, error
        for future in self._awaited:
            if not future.done():
                self._tell(future)
        self._awaited.clear()

    def _tell(self, future: asyncio.Future[None]) -> None:
        if self._error is None:
            future.set_result(None)
        else:
            future.set_exception(self._error)
            future.exception()  # Whoever waits may be about to be cancelled.
