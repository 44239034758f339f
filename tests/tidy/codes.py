"""Error codes: what is declared, what is used, what is explained."""

import re

from interlock.errors import CODES
from tidy.repository import python_sources
from tidy.rules import Problem

LITERAL = re.compile(r"\bIL\d{4}\b")
TABLE = "src/interlock/errors/codes.py"
TABLES = (TABLE, "src/interlock/errors/auditcodes.py")


def code_problems() -> list[Problem]:
    """Everything that is wrong with the codes."""
    used = used_codes()
    unknown = [
        Problem(
            rule="code-unknown", place=place, cure=f"`{code}` is in no table: add it to {TABLE}"
        )
        for code, place in sorted(used.items())
        if code not in CODES
    ]
    idle = [
        Problem(
            rule="code-unused",
            place=code,
            cure=f"nothing in src uses it: use it or drop it from {TABLE}",
        )
        for code in sorted(CODES)
        if code not in used
    ]
    return unknown + idle + unexplained()


def used_codes() -> dict[str, str]:
    """Each code that stands in `src` outside the table, with the first place."""
    found: dict[str, str] = {}
    for source in python_sources():
        if source.in_src and source.path not in TABLES:
            for line, text in enumerate(source.text.splitlines(), start=1):
                for code in LITERAL.findall(text):
                    found.setdefault(code, f"{source.path}:{line}")
    return found


def unexplained() -> list[Problem]:
    """Titles are phrases, explanations are sentences that say more than the title."""
    problems: list[Problem] = []
    for code, info in CODES.items():
        if not LITERAL.fullmatch(code):
            problems.append(
                Problem(rule="code-form", place=code, cure="write `IL` and four digits")
            )
        if not info.title or info.title.endswith("."):
            problems.append(
                Problem(rule="code-title", place=code, cure="write a phrase without a full stop")
            )
        if not info.explanation.endswith(".") or info.explanation.rstrip(".") == info.title:
            problems.append(
                Problem(
                    rule="code-text",
                    place=code,
                    cure="explain it in sentences, for `interlock explain`",
                )
            )
    return problems
