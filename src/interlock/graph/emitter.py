"""Writing pieces in the canonical layout: two spaces of indentation, one entry a line.

Mappings and lists that stand in braces stay so while they are small: on one line of at most
WIDTH_MAX characters, without comments. Graphs and nodes are never in braces.
"""

import re
from collections import deque
from typing import Literal

from interlock.graph.pieces import Comment, Piece

WIDTH_MAX = 100
STEP = 2
Role = Literal["graph", "graphs", "node", "nodes", "value"]

_DIGIT = re.compile(r"^([^|>#]*[|>][-+]?)[1-9]")
_SPREAD: tuple[Role, ...] = ("graph", "graphs", "node", "nodes")
_INNER: dict[Role, Role] = {"nodes": "node", "graphs": "graph"}


def emit(root: Piece, comments: list[Comment], source: str) -> str:
    """Write a document."""
    emitter = _Emitter(comments, source)
    if root.entries:
        emitter.block(root, 0, lead="", role="graph", limit=len(source))
    else:
        emitter.lines.append(emitter.flow(root) or "")
    emitter.flush(len(source), 0)
    return "\n".join(emitter.lines) + "\n"


class _Emitter:
    def __init__(self, comments: list[Comment], source: str) -> None:
        self.lines: list[str] = []
        self.comments = deque(comments)
        self.source = source
        self.closed_line = True  # whether nothing may be appended to the last line

    # --- lines and comments

    def line(self, text: str) -> None:
        self.lines.append(text.rstrip(" "))
        self.closed_line = False

    def blank(self, offset: int) -> None:
        """Keep one empty line where the source has some before this offset."""
        start = self.source.rfind("\n", 0, offset)
        if start <= 0 or not self.lines or not self.lines[-1].strip():
            return
        if not self.source[self.source.rfind("\n", 0, start) + 1 : start].strip():
            self.lines.append("")
            self.closed_line = True

    def flush(self, limit: int, indent: int) -> None:
        """Write the comments that stand before an offset."""
        while self.comments and self.comments[0].start < limit:
            comment = self.comments.popleft()
            if comment.alone or self.closed_line:
                self.own_line(comment, indent)
            else:
                self.lines[-1] += f"  {comment.text}"
                self.closed_line = True

    def own_line(self, comment: Comment, indent: int) -> None:
        self.blank(comment.start)
        self.lines.append(" " * indent + comment.text)
        self.closed_line = True

    def flush_tail(self, piece: Piece, indent: int, limit: int) -> None:
        """Write the comments at the end of a collection that are indented like its entries."""
        while self.comments and self.comments[0].start < limit:
            comment = self.comments[0]
            inside = comment.start < piece.end if piece.flow else comment.column >= piece.column
            if comment.alone and not inside:
                return
            self.flush(comment.start + 1, indent)

    def lift(self, limit: int, indent: int) -> None:
        """Write comments between a key and its value above the key."""
        kept = [item for item in self.comments if item.start >= limit or not item.alone]
        lifted = [item for item in self.comments if item.start < limit and item.alone]
        for comment in lifted:
            self.own_line(comment, indent)
        self.comments = deque(kept)

    # --- collections

    def block(self, piece: Piece, indent: int, *, lead: str, role: Role, limit: int) -> None:
        """Write a collection with an entry on each line; `lead` begins the first one."""
        starts = [(key or value).start for key, value in piece.entries]
        for index, (key, value) in enumerate(piece.entries):
            self.flush(starts[index], indent)
            if not lead:
                self.blank(starts[index])
            end = starts[index + 1] if index + 1 < len(starts) else limit
            margin = lead or " " * indent
            if key is None:
                self.item(value, indent, margin=margin, limit=end)
            else:
                self.entry(key, value, indent, margin=margin, role=_role(role, key), limit=end)
            lead = ""
        self.flush_tail(piece, indent, limit)

    def entry(
        self, key: Piece, value: Piece, indent: int, *, margin: str, role: Role, limit: int
    ) -> None:
        head = f"{margin}{key.raw}:"
        if self.inline(value, indent, head=head, role=role):
            return
        self.line(f"{head} {value.raw}" if value.raw else head)
        self.block(value, indent + STEP, lead="", role=role, limit=limit)

    def item(self, value: Piece, indent: int, *, margin: str, limit: int) -> None:
        if self.inline(value, indent, head=f"{margin}-", role="value"):
            return
        if value.raw:
            self.line(f"{margin}- {value.raw}")
            self.block(value, indent + STEP, lead="", role="value", limit=limit)
            return
        self.block(value, indent + STEP, lead=f"{margin}- ", role="value", limit=limit)

    # --- values on the line of their key

    def inline(self, value: Piece, indent: int, *, head: str, role: Role) -> bool:
        """Write a value behind its key when it can stand there."""
        if value.kind == "scalar":
            self.lift(value.start, indent)
            self.scalar(value, indent, head=head)
            return True
        if value.entries and (not value.flow or role in _SPREAD or self.commented(value)):
            return False
        text = self.flow(value)
        if text is None or (value.entries and len(head) + 1 + len(text) > WIDTH_MAX):
            return False
        self.lift(value.start, indent)
        self.line(f"{head} {text}")
        return True

    def commented(self, piece: Piece) -> bool:
        return any(piece.start <= comment.start < piece.end for comment in self.comments)

    def scalar(self, value: Piece, indent: int, *, head: str) -> None:
        first, *rest = value.raw.split("\n")
        if value.block_scalar:
            self.block_scalar(value, indent, head=head)
            return
        self.line(f"{head} {first}" if first else head)
        for line in rest:
            stripped = line.strip(" \t") if line is not rest[-1] else line.lstrip(" \t")
            self.line(" " * (indent + STEP) + stripped if stripped else "")

    def block_scalar(self, value: Piece, indent: int, *, head: str) -> None:
        header, *content = value.raw.removesuffix("\n").split("\n")
        cut = _indentation(content, value.text)
        if "+" not in header.partition("#")[0]:
            while content and not content[-1][cut:].strip(" ") and len(content[-1]) <= cut:
                content.pop()
        # An explicit indentation is relative to the parent, which is now STEP columns away.
        header = _DIGIT.sub(rf"\g<1>{STEP}", header, count=1)
        self.line(f"{head} {header}")
        for line in content:
            kept = line[cut:]
            self.lines.append(" " * (indent + STEP) + kept if kept else "")
        self.closed_line = True

    def flow(self, piece: Piece) -> str | None:
        """Write a value on one line; None when it has no such form."""
        if piece.kind == "scalar":
            if piece.block_scalar or "\n" in piece.raw:
                return None
            return piece.raw or "null"
        parts: list[str] = []
        for key, value in piece.entries:
            text = self.flow(value)
            if text is None or (key is not None and "\n" in key.raw):
                return None
            parts.append(text if key is None else f"{key.raw}: {text}")
        inner = ", ".join(parts)
        body = f"[{inner}]" if piece.kind == "list" else f"{{{inner}}}"
        return f"{piece.raw} {body}" if piece.raw else body


def _role(role: Role, key: Piece) -> Role:
    if role == "graph":
        return "nodes" if key.text == "nodes" else "graphs" if key.text == "graphs" else "value"
    return _INNER.get(role, "value")


def _indentation(content: list[str], text: str) -> int:
    """Give how many columns of each line are indentation and not text."""
    line = next((line for line in content if line.strip()), "")
    own = next((line for line in text.split("\n") if line.strip()), "")
    return max(0, len(line) - len(line.lstrip(" ")) - (len(own) - len(own.lstrip(" "))))
