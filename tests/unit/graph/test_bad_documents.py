"""Bad documents beside the exact text that people see: one file for each thing that can be wrong.

`UPDATE_GOLDEN=1 pytest` writes the texts anew; look at the difference before you commit it.
"""

import os
from pathlib import Path

import pytest

from interlock.errors import CODES, DocumentInvalid, render_all
from interlock.graph import load

FOLDER = Path(__file__).parents[2] / "golden" / "documents"
DOCUMENTS = sorted(FOLDER.glob("*.yaml"))


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


def test_every_text_has_its_document():
    texts = {path.stem for path in FOLDER.glob("*.txt")}
    assert texts == {path.stem for path in DOCUMENTS}


def test_every_code_of_our_families_is_shown_once():
    shown = {problem.code for path in DOCUMENTS for problem in problems_of(path).diagnostics}
    ours = {code for code in CODES if code.startswith(("IL10", "IL110", "IL111", "IL112"))}
    elsewhere = {"IL1100", "IL1017"}  # the exception's own; a layout that cannot be
    assert ours - elsewhere <= shown
