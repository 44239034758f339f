"""Texts as YAML scalars: no quotes where nothing else could be meant, else the simplest ones."""

import json
import re

from interlock.graph.scalars import plain_scalar

_PLAIN = re.compile(
    r"[A-Za-z_./][A-Za-z0-9_./@+*-]*(?: [A-Za-z0-9_./@+*()-]+)*|[0-9]{1,12}(?:ms|[smhd])"
)
# What YAML 1.1 reads as a boolean or as nothing: quoted, for the sake of other readers.
_WORDS = frozenset({"yes", "no", "on", "off", "true", "false", "null", ".inf", ".nan"})
# What is seen is far more, and would take milliseconds to compile.
UNSEEN = re.compile("[\x00-\x08\n-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def quoted(text: str) -> str:
    """Write a text on one line."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    if plain and isinstance(plain_scalar(text), str):
        return text
    if "\n" not in text and not UNSEEN.search(text) and not ("'" in text and '"' not in text):
        return "'" + text.replace("'", "''") + "'"
    return UNSEEN.sub(lambda found: escaped(found[0]), json.dumps(text, ensure_ascii=False))


def escaped(character: str) -> str:
    """Write a character as an escape of double-quoted text."""
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
