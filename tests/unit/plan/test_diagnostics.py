"""Graphs that do not compile beside the exact text that people see.

`UPDATE_GOLDEN=1 pytest` writes the texts anew; look at the difference before you commit it.
"""

import os
from pathlib import Path

import pytest

from interlock.errors import CODES, DocumentInvalid, render_all
from interlock.graph import load
from interlock.plan import compile as compile_graph
from unit.plan.world import ACTIONS

FOLDER = Path(__file__).parents[2] / "golden" / "diagnostics"
GRAPHS = sorted(FOLDER.glob("*.yaml"))


def problems_of(path: Path) -> DocumentInvalid:
    loaded = load(
        path.read_bytes(), file=path.name, load_file=lambda name: (FOLDER / name).read_bytes()
    )
    with pytest.raises(DocumentInvalid) as caught:
        compile_graph(loaded.graph, ACTIONS, source=loaded.source)
    return caught.value


@pytest.mark.parametrize("path", GRAPHS, ids=lambda path: path.stem)
def test_a_wrong_graph_is_told_as_written(path):
    error = problems_of(path)
    shown = render_all(error.diagnostics, error.source) + "\n"
    expected = path.with_suffix(".txt")
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(shown, encoding="utf-8")
    assert shown == expected.read_text(encoding="utf-8")
