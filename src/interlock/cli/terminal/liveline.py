"""A line on a terminal that says how far something is, and is gone at the end."""

from types import TracebackType
from typing import Self, TextIO

from interlock.cli.terminal.console import is_live, mute


class LiveLine:
    """Draws over itself on a terminal; elsewhere nothing is drawn."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.is_live = is_live(stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.draw("")

    def draw(self, text: str) -> None:
        """Show a text in place of the one before."""
        if not self.is_live:
            return
        try:
            self._stream.write(f"\r\x1b[2K{text}")
            self._stream.flush()
        except BrokenPipeError:
            mute(self._stream)
