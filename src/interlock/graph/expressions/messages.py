"""The engine's words turned into ours."""

import re

from interlock.errors import Diagnostic
from interlock.graph.expressions.paths import hyphen_hint
from interlock.values import immutable

_ERROR = re.compile(
    r"ERROR: <input>:(?P<line>-?\d+):(?P<column>-?\d+): (?P<text>.*?)"
    r"(?=\n \| |\nERROR: | \[[A-Z_]+\]$|\Z)",
    re.DOTALL,
)
_STATUS = re.compile(r"^[A-Z_]+: |\s*\[[A-Z_]+\]$")
_TEXT_MAX = 200

_OPERATOR = re.compile(r"[@_]*(?P<sign>[-+*/%<>=!&|]+|in)[@_]*")
_TYPE_WORDS = {
    "int64": "integer",
    "int": "integer",
    "double": "number",
    "bool": "boolean",
    "map": "object",
    "null_type": "null",
    "null": "null",
}


@immutable()
class CheckProblem:
    """What the type checker says, in our words, and the place.

    Attributes:
        field: the field that does not exist, when that is the problem.
        owner: the message that lacks the field.
        on_record: whether an object was used as a map, which the checker cannot judge.
    """

    message: str
    hint: str
    span: tuple[int, int] | None
    field: str | None = None
    owner: str | None = None
    on_record: bool = False


def syntax_problem(source: str, raised: str) -> Diagnostic:
    """Turn what the parser raised into a diagnostic: only the first error counts."""
    if "recursion" in raised:
        return too_deep()
    found = _ERROR.search(raised)
    if found is None:
        return Diagnostic(
            code="IL2200",
            message="the expression cannot be read",
            hint="it holds characters that are no text, or is no CEL; see the reference of CEL",
        )
    message = _syntax_text(found["text"])
    span = _span(source, found)
    before = source[: span[0]].split()[-1:] if span else []
    return Diagnostic(
        code="IL2200",
        message=message,
        hint=_syntax_hint(message, before=before[0] if before else ""),
        span=span,
    )


def too_deep() -> Diagnostic:
    """Say that an expression is nested too deep."""
    return Diagnostic(
        code="IL2202",
        message="the expression is nested too deep: at most 32 levels, where each `+` of a sum"
        " counts, and each `map` twice",
        hint="split it: compute parts in nodes of their own, or join a list of strings",
    )


def _syntax_text(text: str) -> str:
    text = text.removeprefix("Syntax error: ").strip()
    if "'<EOF>'" in text and "missing" not in text and "expecting <EOF>" not in text:
        return "the expression ends too early"
    if match := re.match(
        r"(mismatched|extraneous) input '(?P<what>.*?)' expecting", text, re.DOTALL
    ):
        return f"`{_short(match['what'])}` is unexpected here"
    if match := re.match(r"token recognition error at: '(?P<what>.*)'?", text, re.DOTALL):
        return f"`{_short(match['what'].removesuffix(chr(39)).strip())}` cannot be read here"
    if match := re.match(r"no viable alternative at input '(?P<what>.*)'", text, re.DOTALL):
        return f"`{_short(match['what'])}` cannot be read here"
    if match := re.match(r"missing '(?P<what>.*?)' at", text, re.DOTALL):
        return f"`{match['what']}` is missing"
    if match := re.match(r"reserved identifier: (?P<what>\w+)", text):
        return f"`{match['what']}` is a reserved word"
    return _short(text)


# What other languages write.
_ELSEWHERE = {
    "=": "`==` to compare",
    "===": "`==` to compare",
    "!==": "`!=` to compare",
    "<>": "`!=` to compare",
    "&": "`&&` for both",
    "|": "`||` for one of them; there are no filters, but functions such as `size(x)`",
    "and": "`&&` for both",
    "or": "`||` for one of them",
    "not": "`!` for what is not",
    "is": "`==` to compare",
    "if": "`condition ? this : that`",
    "then": "`condition ? this : that`",
}


def _syntax_hint(message: str, *, before: str) -> str:
    if "reserved word" in message:
        return "use another name; a field of that name is reached as x['name']"
    what = message.partition("`")[2].partition("`")[0]
    what = "not" if before.lstrip("(") == "not" else what
    if what in _ELSEWHERE:
        return f"write {_ELSEWHERE[what]}: expressions are CEL"
    return "expressions are CEL: `a.b == 1 && c in ['x', 'y']`; text stands in quotes"


def _span(source: str, found: re.Match[str]) -> tuple[int, int] | None:
    """Turn line and column into offsets; the engine writes odd lines where it knows no place."""
    line, column = int(found["line"]), int(found["column"])
    lines = source.split("\n")
    if not 1 <= line <= len(lines) or column < 1:
        return None
    start = sum(len(each) + 1 for each in lines[: line - 1]) + column - 1
    return marked(source, min(start, max(0, len(source) - 1)))


_MARKED = re.compile(r"[.]?\s*\w+|[<>=!&|?+*/%-]+|'[^']*'|\"[^\"]*\"")


def marked(source: str, start: int) -> tuple[int, int]:
    """Mark the word, operator or quoted string that begins at an offset."""
    word = _MARKED.match(source, start)
    return (start, word.end() if word else min(start + 1, len(source)))


def check_problems(source: str, raised: str) -> tuple[CheckProblem, ...]:
    """Turn what the type checker raised into problems, each once."""
    found = [
        _check_problem(source, match["text"].strip(), _span(source, match))
        for match in _ERROR.finditer(raised)
        if "*error*" not in match["text"]
    ]
    if not found:
        found = [_check_problem(source, _STATUS.sub("", _STATUS.sub("", raised)), None)]
    return tuple(dict.fromkeys(found))


def _check_problem(source: str, text: str, span: tuple[int, int] | None) -> CheckProblem:
    after = source[span[0] :] if span else ""
    if match := _UNDEFINED_FIELD.match(text):
        return CheckProblem(
            message=f"there is no field `{match['field']}`",
            hint="read a field that the schema declares, or declare this one",
            span=span,
            field=match["field"],
            owner=match["owner"],
            on_record=_IDENTIFIER.fullmatch(match["field"]) is None,
        )
    on_record = "'interlock.types." in text or "(interlock.types." in text
    if match := _NO_OVERLOAD.match(text):
        types = match["types"]
        target, _, rest = types.rpartition(".(")
        kinds = [each for each in (target, *_split_types(rest or types)) if each]
        return CheckProblem(
            message=_no_overload(match["name"], kinds),
            hint=(hyphen_hint(source, span[0]) if span and match["name"] == "_-_" else None)
            or _overload_hint(match["name"], [_type_word(kind) for kind in kinds], after),
            span=span,
            on_record=on_record or "interlock.types." in types,
        )
    if match := _BAD_OWNER.match(text):
        return CheckProblem(
            message=f"a field is read from {_type_word(match['type'])}, which has no fields",
            hint="read the value itself, or declare it as an object",
            span=span,
        )
    return CheckProblem(message=_short(text), hint=_CHECK_HINT, span=span, on_record=on_record)


_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_UNDEFINED_FIELD = re.compile(
    r"undefined field '(?P<field>.*?)' not found in struct '(?P<owner>.*?)'"
)
_NO_OVERLOAD = re.compile(
    r"found no matching overload for '(?P<name>.*)' applied to '(?P<types>.*)'", re.DOTALL
)
_BAD_OWNER = re.compile(
    r"expression of type '(?P<type>.*)' cannot be the operand of a select", re.DOTALL
)
_CHECK_HINT = "the types come from the schemas of inputs and outputs; `dyn(…)` leaves one unchecked"


def _overload_hint(name: str, kinds: list[str], after: str) -> str:
    bare = {kind.removesuffix(" or null") for kind in kinds}
    if name == "_?_:_":
        return "both branches need one type; `dyn(…)` around one of them leaves it open"
    if {"number", "integer"} <= bare:
        literal = re.match(r"\W+(?P<digits>[0-9]+)(?![0-9.eExX])", after)
        if literal:
            return f"write `{literal['digits']}.0`"
        return "put `double(…)` around the integer, or write it with a point: `1.0`"
    if "null" in kinds and name in ("_==_", "_!=_"):
        return "it is never null: leave the test out, or declare the field as nullable"
    if {"string", "integer"} <= bare or {"string", "number"} <= bare:
        return "convert one of them: `string(…)`, `int(…)` or `double(…)`"
    return _CHECK_HINT


def _split_types(text: str) -> list[str]:
    """Split `(int, map(string, dyn))` at the commas outside of brackets."""
    parts, depth = [""], 0
    for char in text.removeprefix("(").removesuffix(")"):
        depth += (char in "(<") - (char in ")>")
        if char == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts if part.strip()]


def failure_text(raised: str) -> str:
    """Turn an evaluation error of the engine into our words, without a full stop."""
    text = _STATUS.sub("", _STATUS.sub("", raised)).strip()
    if "Unable to convert function return value" in text:
        return "the result is an optional value; add `.orValue(…)` to say what stands for nothing"
    if match := re.match(r'Key not found in map : "?(?P<key>.*?)"?$', text, re.DOTALL):
        return f"no such field `{_short(match['key'])}`"
    if text.startswith("Applying SELECT to non-message type"):
        return "a field is read from a value that has no fields"
    if match := re.match(r"Index error: index=(?P<index>-?\d+) size=(?P<size>\d+)", text):
        return f"there is no [{match['index']}] in a list of {match['size']} items"
    if match := re.match(r"No matching overloads? found : (?P<what>.*)", text, re.DOTALL):
        return _overload_failure(match["what"])
    if text.startswith("Iteration budget exceeded"):
        return "it goes over more than 9,999 items; use a `map` node, or an action"
    if match := re.match(r'No value with name "(?P<name>.*?)" found', text):
        return f"`{match['name']}` has no value here"
    return _PHRASES.get(text) or _short(text)


_PHRASES = {
    "divide by zero": "division by zero",
    "modulus by zero": "division by zero",
    "optional.none() dereference": "`.value()` of nothing; use `.orValue(…)`",
    "basic_string: construction from null is not valid": "a value holds half a character"
    " (a lone surrogate)",
}


def _overload_failure(what: str) -> str:
    match what:
        case "<jump_condition>":
            return "a condition is neither true nor false"
        case "<iter_range>":
            return "`all`, `exists`, `map` and `filter` go over a list"
        case _:
            pass
    method = re.fullmatch(r"\((?P<target>.*?)\)\.(?P<name>\w+)\((?P<types>.*)\)", what, re.DOTALL)
    if method:
        return _no_overload(method["name"], [method["target"], *_split_types(method["types"])])
    name, _, types = what.partition("(")
    return _no_overload(name, _split_types(types))


def _no_overload(name: str, kinds: list[str]) -> str:
    if name == "_?_:_":
        one, other = (_type_word(kind) for kind in kinds[1:3])
        return f"`? :` has {one} in one branch and {other} in the other"
    sign = _OPERATOR.fullmatch(name)
    shown = "in" if name == "@in" else sign["sign"] if sign else name.replace("@", "")
    if name == "_[_]":
        shown = "[ ]"
    words = " and ".join(_type_word(kind) for kind in kinds)
    return f"`{shown}` does not work on {words}" if words else f"`{shown}` does not work on this"


def _type_word(kind: str) -> str:
    kind = kind.strip().lower()
    if kind.startswith(("interlock.", "map(", "map<")):
        return "object"
    if match := re.fullmatch(r"(list|wrapper)[(<](?P<inner>.*)[)>]", kind):
        inner = _type_word(match["inner"])
        return f"list of {inner}" if kind.startswith("list") else f"{inner} or null"
    return _TYPE_WORDS.get(kind, kind)


def _short(text: str) -> str:
    return text if len(text) <= _TEXT_MAX else text[:_TEXT_MAX] + "…"
