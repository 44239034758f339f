"""The reference of diagnostics: written from the table of codes and the golden texts."""

import re
from pathlib import Path

from interlock.errors import CODES
from tidy.repository import ROOT

PAGE = ROOT / "docs" / "reference" / "diagnostics.md"
GOLDEN = [ROOT / "tests" / "golden" / name for name in ("documents", "diagnostics", "python_form")]
BLOCK = re.compile(r"^(?:error|warning)\[(IL\d{4})\]: ")
FAMILIES = {
    "IL10": "Text of a document",
    "IL11": "Structure",
    "IL20": "References and types",
    "IL22": "Expressions",
    "IL3": "Policy",
    "IL4": "Flow",
    "IL5": "Limits",
    "IL6": "Nodes at run time",
    "IL7": "Store and journal",
    "IL80": "Replay",
    "IL85": "Audit",
    "IL86": "Retention",
    "IL9": "Usage and internal",
}
HEAD = """\
# Diagnostics

Every error and every warning has a code that never changes its meaning; `interlock explain CODE`
says in the terminal what this page says. A text reads from top to bottom: the code and what is
wrong; the place in the file; where it helps, what there is instead; after `hint:`, what to do.

All problems of a document come at once, in the order of the file, at most a hundred. None is told
because of another one: correct them in any order. Only a text that cannot be read as YAML or JSON
is refused for that alone.

This page is generated; the examples are the texts that the tests hold the program to.
"""


def written() -> str:
    """Write the page."""
    parts = [HEAD]
    for prefix, title in FAMILIES.items():
        codes = [code for code in sorted(CODES) if code.startswith(prefix)]
        if codes:
            parts.append(f"## {title}\n")
            parts += [_entry(code) for code in codes]
    return "\n".join(parts)


def _entry(code: str) -> str:
    info = CODES[code]
    lines = [f"### `{code}` {info.title}", "", info.explanation, ""]
    example = _example(code)
    if example:
        lines += ["```text", *example.splitlines(), "```", ""]
    return "\n".join(lines)


def _example(code: str) -> str | None:
    """Choose the shortest golden text of a code, of the one with the fewest problems."""
    found: list[tuple[int, int, str]] = []
    for path in (path for folder in GOLDEN for path in sorted(folder.glob("*.txt"))):
        blocks = path.read_text(encoding="utf-8").split("\n\n")
        for block in blocks:
            match = BLOCK.match(block)
            if match and match[1] == code:
                found.append((_oddity(path, block), len(block), block.strip("\n")))
    return min(found)[2] if found else None


def _oddity(path: Path, block: str) -> int:
    """Prefer texts with a place in a file, in which no line is too long for the page."""
    has_place = re.search(r"^  --> \S+:\d+:\d+$", block, re.MULTILINE) is not None
    return (not has_place) + 2 * any(len(line) > 100 for line in block.splitlines())
