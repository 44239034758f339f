"""Ids and names: their shape, the words that are taken, and proposals for better ones."""

import difflib
import re
from collections.abc import Collection, Iterable

from interlock.errors import Diagnostic

ID_CHARS_MAX = 64
NAME_CHARS_MAX = 100
ACTION_CHARS_MAX = 200

ID = re.compile(r"[a-z][a-z0-9_]*")
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ACTION = re.compile(r"[A-Za-z][A-Za-z0-9_]*([.\-/][A-Za-z0-9_]+)*")
PATTERN = re.compile(r"[A-Za-z*][A-Za-z0-9_*]*([.\-/][A-Za-z0-9_*]+)*")

ROOTS = frozenset({"args", "inputs", "nodes", "result", "secrets", "status"})
# What cannot be declared as a variable: reserved words, literals and names of types
# (test_reserved_words_do_not_compile tries each in the engine).
_CEL = """
    as bool break bytes const continue double dyn else false for function if import in int let
    list loop map namespace null null_type optional_type package return string true type uint
    var void while
"""
CEL_WORDS = frozenset(_CEL.split())
RESERVED = ROOTS | CEL_WORDS


# What other formats call it. Tried before spelling: `retries` is no misspelt `returns`.
_ELSEWHERE = {
    "call": ("action", "run", "task", "tool", "use", "uses"),
    "first_of": ("any_of", "either", "fallback"),
    "gate": ("approval", "approve", "confirm"),
    "map": ("each", "for_each", "foreach", "loop"),
    "name": ("id", "title"),
    "needs": ("depends", "depends_on", "dependencies", "requires"),
    "nodes": ("actions", "jobs", "stages", "steps", "tasks"),
    "over": ("in", "items"),
    "propose": ("agent", "plan"),
    "repeat": ("until", "while"),
    "retry": ("attempts", "retries"),
    "returns": ("output", "output_schema", "schema"),
    "undo": ("compensate", "revert", "rollback"),
    "wait": ("delay", "pause", "sleep"),
    "when": ("condition", "if", "only_if"),
    "with": ("args", "arguments", "input", "inputs", "params", "parameters"),
}


def near(word: str, known: Iterable[str]) -> str | None:
    """Find the known word that was probably meant."""
    known = list(known)
    for name, words in _ELSEWHERE.items():
        if name in known and word.lower() in words:
            return name
    found = difflib.get_close_matches(word.lower()[:ID_CHARS_MAX], known, n=1, cutoff=0.6)
    return found[0] if found else None


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Write the hint for an unknown word."""
    found = near(word, known)
    if found is not None:
        return f"did you mean `{found}`?"
    if not known:
        return "remove it"
    listed = [f"`{name}`" for name in known]
    return f"known here: {', '.join(listed[:20])}{' ...' if len(listed) > 20 else ''}"


def free_id(wish: str, taken: Collection[str]) -> str:
    """Propose an id near to a wish that is well-formed and free."""
    base = re.sub(r"[^a-z0-9]+", "_", _snake(wish).lower()).strip("_")[: ID_CHARS_MAX - 8]
    base = base.lstrip("0123456789_") or "node"
    candidates = (base, f"{base}_node", *(f"{base}_{n}" for n in range(2, 10_002)))
    return next(name for name in candidates if name not in RESERVED and name not in taken)


def _snake(wish: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", wish)


def id_problem(
    word: str, *, pointer: str, taken: Collection[str], what: str = "id", on_key: bool = True
) -> Diagnostic | None:
    """Check an id, or a name that expressions use like one."""
    if len(word) > ID_CHARS_MAX:
        return too_long(word, ID_CHARS_MAX, pointer=pointer, on_key=on_key)
    if word in RESERVED:
        kind = "a root of expressions" if word in ROOTS else "a word of CEL"
        code, message = "IL1107", f"`{word}` cannot be an {what}: it is {kind}"
    elif ID.fullmatch(word):
        return None
    else:
        code = "IL1106"
        message = f"`{word}` cannot be an {what}: small letters, digits and `_`, a letter first"
    hint = f"call it `{free_id(word, taken)}`"
    return Diagnostic(code=code, message=message, pointer=pointer, hint=hint, on_key=on_key)


def name_problem(
    word: str, shape: re.Pattern[str], *, pointer: str, what: str, on_key: bool
) -> Diagnostic | None:
    """Check a name of a graph, type, input or output."""
    if len(word) > NAME_CHARS_MAX:
        return too_long(word, NAME_CHARS_MAX, pointer=pointer, on_key=on_key)
    if shape.fullmatch(word):
        return None
    signs = "`_` and `-`" if shape is NAME else "`_`"
    return Diagnostic(
        code="IL1106",
        message=f"`{word}` cannot be the name of {what}: letters, digits, {signs}, a letter first",
        pointer=pointer,
        hint=f"call it `{free_id(word, ())}`",
        on_key=on_key,
    )


def too_long(word: str, limit: int, *, pointer: str, on_key: bool) -> Diagnostic:
    """Say that a name is too long."""
    return Diagnostic(
        code="IL5007",
        message=f"`{word[:20]}...` has {len(word):,} characters; a name may have {limit}",
        pointer=pointer,
        hint="choose a shorter name",
        on_key=on_key,
    )
