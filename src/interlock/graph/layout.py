"""The canonical layout of a document's text, for `interlock fmt` and for writing new documents."""

import json
import re
from collections import Counter

from interlock.errors import Diagnostic, DocumentInvalid, SourceMap
from interlock.graph.emitter import emit
from interlock.graph.limits import DocumentLimits
from interlock.graph.pieces import Piece, read_pieces
from interlock.graph.scalars import plain_scalar
from interlock.graph.yaml import read_json_text, read_text
from interlock.values import Json

_PLAIN = re.compile(
    r"[A-Za-z_./][A-Za-z0-9_./@+*-]*(?: [A-Za-z0-9_./@+*()-]+)*|[0-9]{1,12}(?:ms|[smhd])"
)
# What YAML 1.1 reads as a boolean or as nothing: quoted, for the sake of other readers.
_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null", ".inf", ".nan"})
_UNSEEN = re.compile(
    "[^\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


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
        (Piece(kind="scalar", raw=_quoted(key), text=key), _piece(item))
        for key, item in value.items()
    ]
    return piece


def _text(text: str) -> Piece:
    if not _suits_a_block(text):
        return Piece(kind="scalar", raw=_quoted(text), text=text)
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    header = "|-" if ends == 0 else "|" if ends == 1 else "|+"
    raw = f"{header}\n{body}" + "\n" * ends
    return Piece(kind="scalar", raw=raw, text=text, block_scalar=True)


def _suits_a_block(text: str) -> bool:
    """Say whether a text reads best, and reads back, as lines below a `|`."""
    lines = text.rstrip("\n").split("\n")
    seen = not _UNSEEN.search(text.replace("\n", ""))
    tight = all(line == line.rstrip() for line in lines)
    return seen and tight and len(lines) > 1 and lines[0][:1] not in {"", " ", "\t"}


def _quoted(text: str) -> str:
    """Write a text without quotes when nothing else could be meant, else in the simplest quotes."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    if plain and isinstance(plain_scalar(text), str):
        return text
    if "\n" not in text and not _UNSEEN.search(text) and not ("'" in text and '"' not in text):
        return "'" + text.replace("'", "''") + "'"
    return _UNSEEN.sub(lambda found: _escape(found[0]), json.dumps(text, ensure_ascii=False))


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
