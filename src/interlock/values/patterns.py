"""A text that a pattern matches, for plain ones: characters and classes in a row.

Groups and alternatives are left out, and so are assertions but `^` at the start and `$` at the end.
What is found is a candidate: whoever uses it checks it.
"""

import re

TEXT_MAX = 1_000
PIECE = re.compile(
    r"(?P<one>\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[^\\\[\](){}|*+?^$])"
    r"(?:\{(?P<least>\d+)(?:,\d*)?\}|(?P<times>[*+?]))?"
)
TIMES = {"*": 0, "?": 0, "+": 1}
CHARACTERS = "a0A _-./:@" + "".join(map(chr, range(0x21, 0x7F)))
"""Those that are tried for a class, the plainest first."""


def matching(pattern: str) -> str | None:
    """Find a short text that a plain pattern matches; None when it is not that plain."""
    text, at = "", 1 if pattern.startswith("^") else 0
    while at < len(pattern) and pattern[at:] != "$":
        piece = PIECE.match(pattern, at)
        if piece is None:
            return None
        least = int(piece["least"] or TIMES.get(piece["times"], 1))
        character = _one_of(piece["one"]) if least else ""
        if character is None or len(text) + least > TEXT_MAX:
            return None
        text, at = text + character * least, piece.end()
    return text


def _one_of(piece: str) -> str | None:
    """The first character that a piece of a pattern matches."""
    try:
        matches = re.compile(piece).fullmatch
    except re.error:
        return None
    return next((one for one in CHARACTERS if matches(one)), piece if len(piece) == 1 else None)
