"""The reference page names every action and every argument."""

import re
from pathlib import Path
from typing import Any, cast

import pytest

from interlock.graph import load
from interlock.library import library
from interlock.plan import compile  # noqa: A004 - the word for it

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "library.md"
MANIFESTS = library().manifests


def sections() -> dict[str, str]:
    parts = re.split(r"^## `([\w.]+)`$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_action_has_a_section():
    assert sections().keys() == MANIFESTS.keys()


@pytest.mark.parametrize("name", MANIFESTS)
def test_every_argument_is_explained(name: str):
    own = sections()[name].partition("\n## ")[0]
    told = re.findall(r"^\| `(\w+)` \|", own, flags=re.MULTILINE)
    known = cast("dict[str, Any]", MANIFESTS[name].arguments)["properties"].keys()
    variables = {"OPENAI_BASE_URL", "OPENAI_API_KEY", "INTERLOCK_MODEL"}
    assert set(told) - variables == known
    assert "**Guarantee:**" in own
    assert "**Output:**" in own


def test_the_examples_compile():
    examples = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    plans = [compile(load(example).graph, MANIFESTS) for example in examples]
    assert {name for plan in plans for name in plan.actions} >= {
        "exec.run",
        "llm.graph",
        "http.get",
    }
    assert [warning for plan in plans for warning in plan.warnings] == []
