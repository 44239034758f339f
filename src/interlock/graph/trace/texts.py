"""Text with references in it, as it stands in a document: `${{ }}` and its escapes."""

from collections.abc import Callable

from interlock.graph.trace.markers import Pieces
from interlock.graph.trace.terms import Term, quoted

Write = Callable[[Term], str]


def value_text(term: Term, write: Write) -> str:
    """Write an expression that is the whole value, and so keeps its type."""
    return f"${{{{ {write(term)} }}}}"


def template_text(pieces: Pieces, write: Write) -> str:
    """Write text and expressions as one string of a document.

    An f-string of one reference is text in Python, whatever the reference is: an empty text beside
    it says so. A `$` before an expression would escape it, so it becomes an expression too.
    """
    terms = [piece for piece in pieces if isinstance(piece, Term)]
    if len(pieces) == 1 and terms:
        return f'{value_text(terms[0], write)}${{{{ "" }}}}'
    written = ""
    for piece in pieces:
        if isinstance(piece, str):
            written += escaped(piece)
            continue
        text = written.rstrip("$")
        if text != written:
            written = f"{text}${{{{ {quoted(written[len(text) :])} }}}}"
        written += value_text(piece, write)
    return written


def escaped(text: str) -> str:
    """Write text that holds no expression."""
    return text.replace("${{", "$${{")
