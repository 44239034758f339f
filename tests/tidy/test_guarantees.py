"""Each promise of `docs/guarantees.md` names tests that exist; each section has its limits."""

import re
from collections.abc import Iterator

from tidy.repository import ROOT

PAGE = ROOT / "docs" / "guarantees.md"
NAMED = re.compile(r"`((?:tests|src)/[\w/]+\.py)::(\w+)(?:\[(\w+)\])?`")
PROMISES_MIN = 40


def sections(text: str) -> dict[str, str]:
    """The sections of the page, by their headings."""
    found = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(found[1::2], found[2::2], strict=True))


def promises(text: str) -> list[str]:
    """The items of all lists: one promise each."""
    return re.findall(r"^- (?:.+\n(?:  .+\n)*)", text, flags=re.MULTILINE)


def problems(text: str) -> Iterator[str]:
    for promise in promises(text):
        if not NAMED.search(promise):
            yield f"names no test: {promise.splitlines()[0]}"
    for path, name, part in NAMED.findall(text):
        file = ROOT / path
        if not file.is_file() or not re.search(rf"def {name}\b", file.read_text(encoding="utf-8")):
            yield f"there is no `{path}::{name}`"
        if part and not is_part(part):
            yield f"`{path}::{name}` has no case `{part}`"
    for heading, body in sections(text).items():
        if "**Not promised.**" not in body:
            yield f"`{heading}` does not say what is not promised"


def is_part(name: str) -> bool:
    parts = (ROOT / "tests" / "proofs" / "parts.py").read_text(encoding="utf-8")
    return f'name="{name}"' in parts


def test_each_promise_is_kept_by_a_test():
    text = PAGE.read_text(encoding="utf-8")
    assert list(problems(text)) == []
    assert len(promises(text)) >= PROMISES_MIN


# --- the check itself can fail


def test_a_promise_without_a_test_is_found():
    text = "## One\n\n- It never fails.\n\n**Not promised.** Nothing.\n"
    assert list(problems(text)) == ["names no test: - It never fails."]


def test_a_test_that_is_gone_is_found():
    here = "tests/tidy/test_guarantees.py"
    text = f"## One\n\n- It holds.\n  `{here}::test_gone`\n\n**Not promised.** Nothing.\n"
    assert list(problems(text)) == [f"there is no `{here}::test_gone`"]
    text = f"## One\n\n- It holds.\n  `{here}::problems[gone]`\n\n**Not promised.** Nothing.\n"
    assert list(problems(text)) == [f"`{here}::problems` has no case `gone`"]


def test_a_section_without_limits_is_found():
    assert list(problems("## One\n\ntext\n")) == ["`One` does not say what is not promised"]
