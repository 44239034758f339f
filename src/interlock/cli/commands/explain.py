"""`interlock explain`: what a code means."""

import difflib

import click

from interlock.cli.terminal.console import aligned, out, out_json
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import example, json_option
from interlock.errors import CODES, UsageError

FAMILIES = {
    "IL10": "document text",
    "IL11": "structure",
    "IL20": "references and types",
    "IL22": "expressions",
    "IL3": "policy",
    "IL4": "flow",
    "IL5": "limits",
    "IL6": "nodes at run time",
    "IL7": "store and journal",
    "IL80": "replay",
    "IL85": "audit",
    "IL86": "retention",
    "IL9": "usage and internal",
}


@click.command(epilog=example("interlock explain IL2003"))
@click.argument("code", required=False)
@json_option
def explain(code: str | None, *, as_json: bool) -> int:
    """Explain CODE; without one, list all codes."""
    found = _found(code)
    if as_json:
        out_json(
            [
                {"code": name, "title": CODES[name].title, "explanation": CODES[name].explanation}
                for name in found
            ]
        )
    elif code is not None:
        info = CODES[found[0]]
        out(f"{found[0]}: {info.title} ({family(found[0])})\n\n{info.explanation}")
    else:
        out("\n".join(_listing(found)))
    return Exit.OK


def _found(code: str | None) -> list[str]:
    if code is None:
        return sorted(CODES)
    name = code.upper() if code[:1] not in "0123456789" else f"IL{code}"
    if name not in CODES:
        near = difflib.get_close_matches(name, CODES, n=3)
        hint = f"near are: {', '.join(near)}" if near else "`interlock explain` lists all codes"
        raise UsageError(f"there is no code `{code}`", hint=hint)
    return [name]


def family(code: str) -> str:
    """Name the family of a code."""
    return next((words for start, words in FAMILIES.items() if code.startswith(start)), "other")


def _listing(codes: list[str]) -> list[str]:
    lines: list[str] = []
    for words in dict.fromkeys(family(code) for code in codes):
        rows = [(code, CODES[code].title) for code in codes if family(code) == words]
        lines += [words, *aligned(rows), ""]
    return lines[:-1]
