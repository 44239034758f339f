"""Prose is product: code blocks run, links resolve, named tasks exist."""

import re
import runpy
import subprocess
from pathlib import Path

import pytest
import yaml

from tidy.pages import Page, broken_links, pages
from tidy.repository import ROOT, refuse
from tidy.rules import Problem, Source

PAGES_WITH_CODE = [page for page in pages() if page.python.strip()]


@pytest.mark.parametrize("page", PAGES_WITH_CODE, ids=lambda page: page.source.path)
def test_code_blocks_run_and_print_what_they_say(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    assert missing_prints(page, tmp_path, monkeypatch, capsys) == []


def missing_prints(
    page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """Run a page in an empty folder; tell what it promises to print and does not, in its order."""
    program = tmp_path / re.sub(r"\W", "_", page.source.path)
    program = program.with_suffix(".py")
    program.write_text(page.python, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(program), run_name="page")
    lines = iter(capsys.readouterr().out.splitlines())
    return [text for text in page.printed if text not in lines]


def test_relative_links_resolve():
    refuse([problem for page in pages() for problem in broken_links(page)])


def test_named_tasks_exist():
    tasks = set(
        re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    named = [
        (page, task)
        for page in pages()
        for task in re.findall(r"(?:`|\$ )make ([a-z]+)", page.source.text)
    ]
    assert named
    refuse(
        [
            p.source.problem("task", f"`make {task}` is no task")
            for p, task in named
            if task not in tasks
        ]
    )


def test_navigation_holds_every_page():
    listed = set(files_in(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"]))
    written = {
        p.source.path.removeprefix("docs/") for p in pages() if p.source.path.startswith("docs/")
    }
    refuse(
        [
            Problem(rule="nav", place=path, cure="list it under `nav` in mkdocs.yml")
            for path in written - listed
        ]
        + [
            Problem(rule="nav", place=path, cure="does not exist: drop it from mkdocs.yml")
            for path in listed - written
        ]
    )


def files_in(entry: object) -> list[str]:
    """The files of a navigation tree: text, lists and `title: entry` maps."""
    match entry:
        case str():
            return [entry]
        case list():
            return [path for item in entry for path in files_in(item)]
        case dict():
            return [path for item in entry.values() for path in files_in(item)]
        case _:
            return []


def test_makefile_lists_its_tasks():
    told = subprocess.run(
        ["make", "help"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    assert {"demo", "test", "check"} <= set(re.findall(r"make ([a-z]+)", told))


# --- the checks themselves can fail


def page_of(text: str, path: str = "docs/x.md") -> Page:
    return Page(source=Source(path=path, text=text))


def test_a_wrong_print_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    page = page_of(
        "```python\nn = 5\n```\n\nthen\n\n```python\nprint(n)   # 5\nprint(n + 1)  # 7\n```\n"
    )
    assert missing_prints(page, tmp_path, monkeypatch, capsys) == ["7"]


def test_code_keeps_the_line_numbers_of_its_page(tmp_path: Path):
    page = page_of("- item\n\n  ```python\n  1 / 0\n  ```\n")
    program = tmp_path / "page.py"
    program.write_text(page.python, encoding="utf-8")
    with pytest.raises(ZeroDivisionError) as caught:
        runpy.run_path(str(program))
    assert caught.traceback[-1].lineno + 1 == 4


def test_other_languages_are_not_run():
    assert page_of("```yaml\na: 1\n```\n\n~~~\n```python\nboom\n```\n~~~\n").python.strip() == ""


def test_a_broken_link_is_found(tmp_path: Path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "y.md").write_text("# One two\n", encoding="utf-8")
    text = "[a](y.md) [b](y.md#one-two) `[c](no.md)` [d](https://example.org)\n[e](no.md)\n[f](y.md#three)\n"
    found = [problem.place for problem in broken_links(page_of(text), tmp_path)]
    assert found == ["docs/x.md:2", "docs/x.md:3"]
