"""Bad documents beside the exact text that people see: one file for each thing that can be wrong.

`UPDATE_GOLDEN=1 pytest` writes the texts anew; look at the difference before you commit it.
"""

import os
import re
from collections import Counter
from pathlib import Path

import pytest

from interlock.actions import Registry, declare
from interlock.errors import CODES, DocumentInvalid, render_all
from interlock.graph import Draft, draft, load
from interlock.plan import compile as compile_graph
from interlock.values import Schema

FOLDER = Path(__file__).parents[2] / "golden" / "documents"
DOCUMENTS = sorted(FOLDER.glob("*.yaml"))
OPEN: Schema = {"type": "object"}


def problems_of(path: Path) -> DocumentInvalid:
    with pytest.raises(DocumentInvalid) as caught:
        load(path.read_bytes(), file=path.name, load_file=lambda name: (FOLDER / name).read_bytes())
    return caught.value


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_a_bad_document_is_told_as_written(path):
    error = problems_of(path)
    shown = render_all(error.diagnostics, error.source) + "\n"
    expected = path.with_suffix(".txt")
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(shown, encoding="utf-8")
    assert shown == expected.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_every_problem_has_a_known_code_a_place_and_a_hint(path):
    error = problems_of(path)
    for problem in error.diagnostics:
        assert problem.code in CODES
        assert problem.hint
        assert error.source is not None
        assert error.source.place(problem) is not None or problem.code == "IL1001"


def draft_of(path: Path) -> Draft | None:
    """What can be read of a document, if anything."""
    try:
        return draft(path.read_bytes(), file=path.name, load_file=lambda name: read(FOLDER / name))
    except DocumentInvalid:
        return None


def read(path: Path) -> bytes:
    return path.read_bytes()


def echoes(found: Draft) -> Counter[str]:
    """What else is told of a document where every action is known and takes anything."""
    text = found.source.text if found.source else ""
    names = set(re.findall(r"(?:call|propose|action): *([a-z][a-z0-9]*(?:\.[a-z]+)?)\b", text))
    known = [declare(name, lambda **_: None, arguments=OPEN) for name in {*names, "k8s.get"}]
    with pytest.raises(DocumentInvalid) as caught:
        compile_graph(found, Registry(known))
    more = [one.code for one in caught.value.diagnostics if one not in found.diagnostics]
    # What cannot be executed yet may be read, and is refused besides.
    return Counter(code for code in more if code != "IL1110")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_what_is_wrong_with_a_document_has_no_echo(path: Path):
    found = draft_of(path)
    if found is None or found.graph is None:
        return
    # This one reads an input that it does not declare.
    assert echoes(found) == Counter({"IL2007": 1} if path.stem == "graphs_unknown" else {})


def test_every_text_has_its_document():
    texts = {path.stem for path in FOLDER.glob("*.txt")}
    assert texts == {path.stem for path in DOCUMENTS}


def test_every_code_of_our_families_is_shown_once():
    shown = {problem.code for path in DOCUMENTS for problem in problems_of(path).diagnostics}
    ours = {code for code in CODES if code.startswith(("IL10", "IL110", "IL111", "IL112"))}
    elsewhere = {"IL1100", "IL1017"}  # the exception's own; a layout that cannot be
    assert ours - elsewhere <= shown
