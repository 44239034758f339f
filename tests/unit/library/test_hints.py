"""What is raised by the built-in actions says what to do."""

import ast
from pathlib import Path

import pytest

import interlock.library

FOLDER = Path(interlock.library.__file__).parent


def raised(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [node.exc for node in ast.walk(tree) if isinstance(node, ast.Raise)]
    return [each for each in found if isinstance(each, ast.Call)]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_exceptions_have_hints_where_something_can_be_done(path: Path):
    names = {"RequestRefused", "StatusRefused", "AnswerTooLarge", "AnswerRefused", "ContentRefused"}
    names |= {
        "ProgramFailed",
        "ProgramNotStarted",
        "RequestNotSent",
        "PathFailed",
        "PathRefused",
        "NotApplied",
    }
    bare = [
        f"{path.name}:{each.lineno}"
        for each in raised(path)
        if isinstance(each.func, ast.Name)
        and each.func.id in names
        and not any(one.arg == "hint" for one in each.keywords)
    ]
    assert bare == []
