"""The text of a document as pieces: what a layout may move, and what it must keep as written.

Scalars keep their spelling, quotes and anchors; only the space between pieces is ours to choose.
"""

import re
from dataclasses import field
from typing import Literal

from yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from interlock.graph.quoting import quoted
from interlock.graph.yaml import events
from interlock.values import immutable, mutable

Kind = Literal["scalar", "mapping", "list"]

_PROPERTIES = re.compile(r"(?:[&!][^\s\[\]{},]*[ \t]*)+")
_COMMENT = re.compile(r"#[^\n]*")


@mutable(kw_only=True)
class Piece:
    """A value of the document with its text.

    `raw` is the text of a scalar or alias, or the anchor and tag of a collection. `entries` are the
    key and value of each entry; the keys of a list are None.
    """

    kind: Kind
    raw: str = ""
    text: str = ""
    flow: bool = False
    block_scalar: bool = False
    start: int = 0
    end: int = 0
    column: int = 0
    entries: list[tuple["Piece | None", "Piece"]] = field(
        default_factory=list[tuple["Piece | None", "Piece"]]
    )


@immutable(kw_only=False)
class Comment:
    """A comment, from its `#`. `alone` says that nothing stands before it on its line."""

    text: str
    start: int
    column: int
    alone: bool


@mutable()
class _Open:
    piece: Piece
    key: Piece | None = None


def read_pieces(text: str) -> tuple[Piece, list[Comment]]:
    """Take a text that `read_text` accepts apart into its root piece and its comments."""
    open_: list[_Open] = []
    taken: list[tuple[int, int]] = []
    root: Piece | None = None
    for event in events(text):
        if isinstance(event, (ScalarEvent, AliasEvent)):
            piece = _scalar(event, text)
            taken.append((piece.start, piece.end))
            _attach(open_, piece)
            root = root or piece
        elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            piece = _collection(event, text)
            taken.append((piece.start, piece.start + len(piece.raw)))
            parent = open_[-1].piece if open_ else None
            if parent is not None and parent.column == piece.column and not parent.flow:
                piece.column += (
                    1  # a list without indentation: what follows it belongs to the parent
                )
            _attach(open_, piece)
            root = root or piece
            open_.append(_Open(piece))
        elif open_ and not isinstance(event, NodeEvent):
            closed = open_.pop().piece
            closed.end = event.end_mark.index if closed.flow else event.start_mark.index
    return root or Piece(kind="mapping"), _comments(text, taken)


def _attach(open_: list[_Open], piece: Piece) -> None:
    if not open_:
        return
    parent = open_[-1]
    if parent.piece.kind == "list":
        parent.piece.entries.append((None, piece))
    elif parent.key is None:
        if "\n" in piece.raw:  # in braces a key may go on in the next line, elsewhere it may not
            piece.raw = quoted(piece.text)
        elif _PROPERTIES.fullmatch(piece.raw):  # an empty key: the colon would belong to its tag
            piece.raw += ' ""'
        parent.key = piece
    else:
        parent.piece.entries.append((parent.key, piece))
        parent.key = None


def _scalar(event: ScalarEvent | AliasEvent, text: str) -> Piece:
    start, end = event.start_mark.index, event.end_mark.index
    style = event.style if isinstance(event, ScalarEvent) else None
    return Piece(
        kind="scalar",
        raw=text[start:end],
        text=event.value if isinstance(event, ScalarEvent) else "",
        block_scalar=style in {"|", ">"},
        start=start,
        end=end,
        column=event.start_mark.column,
    )


def _collection(event: CollectionStartEvent, text: str) -> Piece:
    start = event.start_mark.index
    named = _PROPERTIES.match(text, start) if event.anchor or event.tag else None
    return Piece(
        kind="mapping" if isinstance(event, MappingStartEvent) else "list",
        raw=named[0].strip() if named else "",
        flow=bool(event.flow_style),
        start=start,
        column=event.end_mark.column if named else event.start_mark.column,
    )


def _comments(text: str, taken: list[tuple[int, int]]) -> list[Comment]:
    """Find the comments: outside of scalars, a `#` begins nothing else."""
    found: list[Comment] = []
    at = 0
    for start, end in [*taken, (len(text), len(text))]:
        for match in _COMMENT.finditer(text, at, max(at, start)):
            line = text.rfind("\n", 0, match.start()) + 1
            found.append(
                Comment(
                    text=match[0].rstrip(),
                    start=match.start(),
                    column=match.start() - line,
                    alone=not text[line : match.start()].strip(),
                )
            )
        at = max(at, end)
    return found
