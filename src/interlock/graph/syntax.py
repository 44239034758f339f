"""What the YAML parsers say, in words that name the cure."""

import re

from yaml.error import Mark, MarkedYAMLError, YAMLError

from interlock.graph.scan import Scan, Stop
from interlock.values import immutable

_CLOSING = {"{": "}", "[": "]"}
_QUOTE_IT = "quote the expression: '${{ ... }}'"
_ENDED = "expected key|<block end>|'-' indicator|',' or"
_INSIDE = {
    "'": "write it twice inside of single quotes, or put the text into double quotes",
    '"': 'write it as `\\"` inside of double quotes, or put the text into single quotes',
}
_KEYLESS = re.compile(r"( *)([a-z_]+)(?::(?=\S)| +)((?<=:)\S.*|[^\s:#'\"]+)")
"""A line such as `call http.get` or `text:Good day`: to YAML both are a plain text."""


@immutable(kw_only=False)
class _Words:
    """Sentence and hint for a problem whose text matches `pattern`."""

    pattern: str
    code: str
    message: str
    hint: str


# The first match counts. Patterns fit the words of both parsers, libyaml and PyYAML's own.
_TABLE = (
    _Words(
        "mapping values are not allowed",
        "IL1004",
        "a `: ` cannot stand here",
        "write each key on a line of its own; a text that contains `: ` needs quotes",
    ),
    _Words(
        "unknown escape|escape sequence|expected escape",
        "IL1016",
        "unknown escape in double quotes",
        "use single quotes, where a backslash is a backslash, or double the backslash",
    ),
    _Words(
        "invalid Unicode character escape",
        "IL1015",
        "the escape is no Unicode character",
        "write the character itself",
    ),
    _Words(
        "expected key|<block end>|'-' indicator|could not find expected ':'|block collection",
        "IL1004",
        "this line does not fit to the lines before it",
        "check the indentation, and that each key ends with `:`",
    ),
    _Words(
        "document start|document end",
        "IL1004",
        "text after the end of the document",
        "check the indentation: all of the document's keys begin in the first column",
    ),
    _Words(
        "block sequence entries|sequence entries are not allowed",
        "IL1004",
        "a list entry `- ` cannot stand here",
        "put the list on lines of its own below its key",
    ),
    _Words(
        "incompatible YAML document",
        "IL1004",
        "the document asks for a version of YAML that is not read",
        "remove the `%YAML` line",
    ),
    _Words(
        "node content",
        "IL1004",
        "a value is missing before this",
        "put texts that contain brackets, braces or `,` in quotes",
    ),
)


def stop_at(scan: Scan, error: YAMLError, *, opened: int | None) -> Stop:
    """Turn an error of the parser into a problem of the scan that ends reading.

    Args:
        opened: the offset of the innermost bracket that is still open.
    """
    if not isinstance(error, MarkedYAMLError):
        return scan.fail("IL1004", f"the text is not YAML: {error}", hint="check it", at=(0, 1))
    at = _offset(scan, error.problem_mark or error.context_mark)
    problem = f"{error.problem}"
    if "end of stream" in problem:
        return _unclosed(scan, _offset(scan, error.context_mark))
    if opened is not None and not scan.text[at:].strip():
        return _unclosed(scan, opened)
    special = _special(scan, problem, at=at) or _after_quote(scan, problem, at=at)
    if special is None and opened is not None and "',' or" in problem:
        special = _no_separator(scan, at, opened)
    return special or _from_table(scan, problem, at=at)


def _offset(scan: Scan, mark: Mark | None) -> int:
    return 0 if mark is None else scan.offset(mark.line + 1, mark.column + 1)


def _no_separator(scan: Scan, at: int, opened: int) -> Stop:
    sign = scan.text[opened : opened + 1]
    line, column = scan.position(opened)
    return scan.fail(
        "IL1004",
        f"a `,` or a `{_CLOSING.get(sign, sign)}` is missing before this: "
        f"the `{sign}` of line {line}, column {column} is open",
        hint="a mapping inside has its own braces: `{a: {b: c}}`; a text with `: ` needs quotes"
        if scan.text[at : at + 1] == ":"
        else "close it, or separate entries with `,`; quote texts with brackets, braces or `,`",
        at=(at, at + 1),
    )


def _unclosed(scan: Scan, at: int) -> Stop:
    sign = scan.text[at : at + 1]
    return scan.fail(
        "IL1014",
        f"`{sign}` is opened here and never closed",
        hint=f"close it with `{_CLOSING.get(sign, sign)}`",
        at=(at, at + 1),
    )


def _special(scan: Scan, problem: str, *, at: int) -> Stop | None:
    """Find the cases whose words depend on the text around the place."""
    text = scan.text
    if text[at - 1 : at + 2] == "${{":
        end = text.find("}}", at)
        end = end + 2 if 0 < end < scan.line_end(scan.position(at)[0]) else at + 2
        return scan.fail(
            "IL1005",
            "`${{` without quotes cannot stand inside `{...}` or `[...]`",
            hint=f"quote it: '{text[at - 1 : end]}'",
            at=(at - 1, end),
        )
    if "tab" in problem or ("cannot start any token" in problem and text[at : at + 1] == "\t"):
        return scan.fail(
            "IL1013", "a tab as indentation", hint="indent with spaces", at=(at, at + 1)
        )
    if "cannot start any token" in problem:
        return _bad_beginning(scan, at)
    if "alphabetic or numeric character" in problem and text[at - 1 : at] in {"*", "&"}:
        return _bad_beginning(scan, at - 1)
    if "mapping values" in problem:
        return _key_without_colon(scan, at)
    return None


def _bad_beginning(scan: Scan, at: int) -> Stop:
    sign = scan.text[at : at + 1]
    shown = f"`{sign}`" if sign != "`" else "a backtick"
    told = f"a text cannot begin with {shown}"
    return scan.fail("IL1004", told, hint="put it in quotes", at=(at, at + 1))


def _after_quote(scan: Scan, problem: str, *, at: int) -> Stop | None:
    """Find a quoted text that ends at a quote inside of it, such as `'it's mine'`."""
    quote, rest = scan.text[at - 1 : at], scan.text[at : at + 1]
    is_open = rest.strip() and rest not in ",]}:#"
    if quote not in _INSIDE or not is_open or not re.search(_ENDED, problem):
        return None
    return scan.fail(
        "IL1004",
        "the quoted text ends at this quote, but goes on",
        hint=_INSIDE[quote],
        at=(at - 1, at),
    )


def _key_without_colon(scan: Scan, at: int) -> Stop | None:
    """Find a line before this one that was meant as a key and a value, and is text to YAML."""
    line = scan.position(at)[0]
    if ": " in scan.text[scan.starts[line - 1] : at]:
        return None
    before = line - 1
    while before and not scan.text[scan.starts[before - 1] : scan.line_end(before)].strip():
        before -= 1
    start = scan.starts[before - 1] if before else 0
    found = _KEYLESS.fullmatch(scan.text[start : scan.line_end(before)] if before else "")
    if found is None:
        return None
    return scan.fail(
        "IL1004",
        f"a `: ` is missing after the key `{found[2]}`",
        hint=f"write `{found[2]}: {found[3]}`",
        at=(start + len(found[1]), start + len(found[1]) + len(found[2])),
    )


def _from_table(scan: Scan, problem: str, *, at: int) -> Stop:
    for words in _TABLE:
        if re.search(words.pattern, problem):
            line = scan.position(at)[0]
            unquoted = "${{" in scan.text[scan.starts[line - 1] : at] and words.code == "IL1004"
            hint = _QUOTE_IT if unquoted else words.hint
            return scan.fail(words.code, words.message, hint=hint, at=(at, at + 1))
    return scan.fail(
        "IL1004",
        f"the text is not YAML: {problem}",
        hint="correct it at this place",
        at=(at, at + 1),
    )
