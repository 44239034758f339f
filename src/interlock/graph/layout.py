"""The canonical layout of a document's text, for `interlock fmt` and for writing new documents."""

import json
from collections import Counter

from interlock.errors import Diagnostic, DocumentInvalid, SourceMap
from interlock.graph.emitter import emit
from interlock.graph.limits import DocumentLimits
from interlock.graph.pieces import Piece, read_pieces
from interlock.graph.quoting import UNSEEN, quoted
from interlock.graph.yaml import read_json_text, read_text
from interlock.values import Json


def format_document(
    text: str, *, file: str | None = None, limits: DocumentLimits | None = None
) -> str:
    """Lay a document out: two spaces, one entry a line, nodes out of their braces.

    Comments, quotes, anchors and the order of entries stay. What the document says stays the same,
    which is checked. JSON stays JSON.

    Raises:
        DocumentInvalid: the text cannot be read, or cannot be laid out without a change.
    """
    limits = limits or DocumentLimits()
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    tree, source = read_text(text, file=file, limits=limits)
    if read_json_text(text, limits=limits) is not None:
        return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"
    root, comments = read_pieces(text)
    laid_out = emit(root, comments, text)
    _check(tree, laid_out, source=source, comments=Counter(comment.text for comment in comments))
    return laid_out


def document_text(tree: dict[str, Json]) -> str:
    """Write a document as YAML in the canonical layout.

    Raises:
        DocumentInvalid: it has no such text, because a key is longer than YAML allows.
    """
    text = emit(_mapping(tree), [], "")
    _check(tree, text, source=None, comments=Counter())
    return text


def _check(tree: Json, text: str, *, source: SourceMap | None, comments: Counter[str]) -> None:
    try:
        found, _ = read_text(text)
        same = _exact(found) == _exact(tree)
        same = same and Counter(comment.text for comment in read_pieces(text)[1]) == comments
    except DocumentInvalid:
        same = False
    if not same:
        problem = Diagnostic(
            code="IL1017",
            message="this document cannot be laid out without changing what it says",
            hint="lay it out by hand; please report the document as a bug in Interlock",
        )
        raise DocumentInvalid((problem,), source)


def _exact(tree: Json) -> str:
    return json.dumps(tree)


# --- pieces for a tree without a text


def _piece(value: Json) -> Piece:
    if isinstance(value, dict):
        return _mapping(value)
    if isinstance(value, list):
        piece = Piece(kind="list", flow=True)
        piece.entries = [(None, _piece(item)) for item in value]
        return piece
    if isinstance(value, str):
        return _text(value)
    return Piece(kind="scalar", raw=json.dumps(value))


def _mapping(value: dict[str, Json]) -> Piece:
    piece = Piece(kind="mapping", flow=True)
    piece.entries = [
        (Piece(kind="scalar", raw=quoted(key), text=key), _piece(item))
        for key, item in value.items()
    ]
    return piece


def _text(text: str) -> Piece:
    if not _suits_a_block(text):
        return Piece(kind="scalar", raw=quoted(text), text=text)
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    header = "|-" if ends == 0 else "|" if ends == 1 else "|+"
    raw = f"{header}\n{body}" + "\n" * ends
    return Piece(kind="scalar", raw=raw, text=text, block_scalar=True)


def _suits_a_block(text: str) -> bool:
    """Say whether a text reads best, and reads back, as lines below a `|`."""
    lines = text.rstrip("\n").split("\n")
    seen = not UNSEEN.search(text.replace("\n", ""))
    tight = all(line == line.rstrip() for line in lines)
    return seen and tight and len(lines) > 1 and lines[0][:1] not in {"", " ", "\t"}
