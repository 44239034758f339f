"""Every deliberate bug still has its place in the code, and the page tells of each."""

import ast
import re

import pytest

from mutants.catalogue import DoesNotApply, Mutant, mutants
from mutants.results import CAUGHT_MIN, HEADER, PAGE
from mutants.trials import ROOT, TESTS, stages

SUITES = ROOT / "src" / "interlock" / "testing"
"""Where the tests are that all stores have in common."""
ROW = re.compile(r"\| `(?P<name>[\w-]+)` \| (?P<breaks>.+) \| `?(?P<by>[^`|]+?)`? \|")


def rows() -> list[re.Match[str]]:
    table = (ROOT / PAGE).read_text(encoding="utf-8").partition(HEADER)[2].partition("\n\n")[0]
    found = [ROW.fullmatch(line) for line in table.splitlines()]
    assert all(found)
    return [row for row in found if row is not None]


@pytest.mark.parametrize("mutant", mutants(), ids=lambda mutant: mutant.name)
def test_a_bug_applies_once_and_leaves_a_program(mutant: Mutant):
    text = mutant.path_in(ROOT).read_text(encoding="utf-8")
    changed = mutant.applied(text)
    assert ast.dump(ast.parse(changed)) != ast.dump(ast.parse(text))


def test_a_bug_that_fits_nowhere_or_twice_is_refused():
    mutant = Mutant(name="it", breaks="", file="it.py", old="a\n", new="b\n")
    assert mutant.applied("a\nc\n") == "b\nc\n"
    for text in ("c\n", "a\na\n"):
        with pytest.raises(DoesNotApply):
            mutant.applied(text)


def test_names_are_unique_and_there_are_enough():
    names = [mutant.name for mutant in mutants()]
    assert len(names) == len(set(names))
    assert len(names) >= 30


def test_the_tests_are_there_and_those_of_the_package_come_first():
    assert [path for path in TESTS if not (ROOT / "tests" / path).exists()] == []
    for mutant in mutants():
        tried = list(stages(mutant.package))
        assert tried[0] == f"unit/{mutant.package}"
        assert sorted(tried) == sorted(TESTS)


def test_the_page_tells_of_every_bug():
    told = [(row["name"], row["breaks"]) for row in rows()]
    assert told == [(mutant.name, mutant.breaks) for mutant in mutants()], (
        "write the page anew: `make mutants ARGS=--page`"
    )


def test_the_tests_that_the_page_names_are_there_and_catch_enough():
    named = [row["by"] for row in rows() if row["by"] != "nothing"]
    suites = "".join(path.read_text("utf-8") for path in SUITES.glob("*.py"))
    for test in named:
        path, _, name = test.partition("::")
        text = (ROOT / path).read_text("utf-8") + suites if name else ""
        assert not name or f"def {name.rpartition('::')[2]}(" in text
    assert len(named) >= CAUGHT_MIN * len(mutants())
