"""Graphs that do not compile, or hardly, beside the exact text that people see.

`UPDATE_GOLDEN=1 pytest` writes the texts anew; look at the difference before you commit it.
"""

import os
import re
from pathlib import Path

import pytest

from interlock.errors import CODES, Diagnostic, DocumentInvalid, SourceMap, render_all
from interlock.graph import draft, load, read_draft, read_text
from interlock.plan import CompiledPropose, Limits, compile as compile_graph, compile_proposal
from interlock.values import Json
from unit.plan.python_graphs import PYTHON_GRAPHS, call, graph_of
from unit.plan.world import ACTIONS

FOLDER = Path(__file__).parents[2] / "golden" / "diagnostics"
DOCUMENTS = sorted(path.stem for path in FOLDER.glob("*.yaml"))
PROPOSING = """
interlock: 1
name: fix
nodes:
  fix:
    propose: llm.graph
    with: {goal: Restart what hangs}
    actions: ['k8s.get_*']
    returns: {type: object, properties: {done: {type: boolean}}, required: [done]}
"""


def told(name: str) -> str:
    """What people see of a golden graph: its errors, or its warnings."""
    if name.startswith("proposal_"):
        return shown(proposal_problems(name), None)
    if name in PYTHON_GRAPHS:
        return shown(python_problems(name), None)
    read = draft(document(name), file=f"{name}.yaml", load_file=read_file)
    try:
        plan = compile_graph(read, ACTIONS)
    except DocumentInvalid as error:
        return shown(error.diagnostics, error.source)
    return "\n\n".join(plan.warnings) + "\n"


def document(name: str) -> bytes:
    return (FOLDER / f"{name}.yaml").read_bytes()


def read_file(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def shown(found: tuple[Diagnostic, ...], source: SourceMap | None) -> str:
    return render_all(found, source) + "\n"


def proposal_problems(name: str) -> tuple[Diagnostic, ...]:
    node = compile_graph(load(PROPOSING).graph, ACTIONS).root.nodes[0]
    assert isinstance(node, CompiledPropose)
    tree, _ = read_text(document(name), file=None)
    depth = 99 if name == "proposal_too_deep" else 1
    with pytest.raises(DocumentInvalid) as caught:
        compile_proposal(tree, node=node, limits=Limits(), depth=depth)
    return caught.value.diagnostics


def python_problems(name: str) -> tuple[Diagnostic, ...]:
    with pytest.raises(DocumentInvalid) as caught:
        compile_graph(PYTHON_GRAPHS[name], ACTIONS, limits=Limits(nodes_max=50))
    return caught.value.diagnostics


@pytest.mark.parametrize("name", [*DOCUMENTS, *PYTHON_GRAPHS])
def test_a_wrong_graph_is_told_as_written(name: str):
    text = told(name)
    expected = FOLDER / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(text, encoding="utf-8")
    assert text == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", [*DOCUMENTS, *PYTHON_GRAPHS])
def test_every_problem_has_a_known_code_a_place_and_a_hint(name: str):
    blocks = [block for block in told(name).split("\n\n") if "[IL" in block]
    assert blocks
    for block in blocks:
        code = re.match(r"(?:error|warning)\[(IL\d{4})\]: \S", block)
        assert code is not None
        assert code[1] in CODES
        assert re.search(r"^hint: \S", block, re.MULTILINE)
        assert "-->" in block or code[1] in ("IL5006", "IL5101", "IL1100")


def test_every_text_has_its_graph():
    texts = {path.stem for path in FOLDER.glob("*.txt")}
    assert texts == {*DOCUMENTS, *PYTHON_GRAPHS}


def test_every_code_that_compile_emits_is_shown():
    source = Path(__file__).parents[3] / "src" / "interlock"
    emitted = {
        code
        for folder in ("plan", "graph/expressions")
        for path in (source / folder).glob("*.py")
        for code in re.findall(r'"(IL\d{4})"', path.read_text(encoding="utf-8"))
    }
    shown_codes = {
        code
        for path in FOLDER.glob("*.txt")
        for code in re.findall(r"\[(IL\d{4})\]", path.read_text(encoding="utf-8"))
    }
    # A document is refused before a value in it is too deep for a template; a hundred problems
    # would make a long text, and are tested below.
    assert emitted - shown_codes == {"IL2213", "IL5006"}


def test_a_hundred_problems_are_enough():
    unknown: dict[str, Json] = {f"x{n}": "${{ gone }}" for n in range(150)}
    with pytest.raises(DocumentInvalid) as caught:
        compile_graph(graph_of(call("a", "any.echo", **unknown)), ACTIONS)
    *told, last = caught.value.diagnostics
    # Without a text, the order is that of the canonical document.
    places = sorted(f"/nodes/a/with/x{n}" for n in range(150))
    assert [each.pointer for each in told] == places[:100]
    assert (last.code, last.message) == ("IL5006", "there are 50 more problems; 100 are shown")


def test_the_limit_holds_for_both_halves_together():
    nodes: dict[str, Json] = {
        f"n{n}": {"call": "db.count", "timeout": n, "after": ["gone"]} for n in range(70)
    }
    tree: Json = {"interlock": 1, "name": "wrong", "nodes": nodes}
    with pytest.raises(DocumentInvalid) as caught:
        compile_graph(read_draft(tree), ACTIONS)
    *told, last = caught.value.diagnostics
    assert [one.code for one in told] == ["IL1111", "IL2002"] * 50
    assert (last.code, last.message) == ("IL5006", "there are 40 more problems; 100 are shown")


def test_very_many_warnings_are_counted_as_warnings():
    nodes = [call(f"n{n}", "page.size", url="https://a.example") for n in range(150)]
    *_, last = compile_graph(graph_of(*nodes), ACTIONS).warnings
    assert last.startswith("warning[IL5006]: there are 50 more problems")
