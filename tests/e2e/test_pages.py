"""The commands on the pages are real, and show what the pages say that they show."""

from pathlib import Path

import pytest

from e2e.consoles import Command, differences, matches, steps
from tidy.pages import Page, pages
from tidy.rules import Source

FOLLOWED = [
    page
    for page in pages()
    if (page.source.path == "README.md" or page.source.path.startswith("docs/"))
    and any(isinstance(step, Command) and step.runs for step in steps(page))
]


@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: page.source.path)
def test_a_page_can_be_followed(page: Page, tmp_path: Path):
    found = differences(page, tmp_path)
    assert not found, "\n\n".join(found)


# --- the check itself can fail


def page_of(text: str) -> Page:
    return Page(source=Source(path="docs/x.md", text=text))


def test_a_wrong_output_is_found(tmp_path: Path):
    page = page_of("```console\n$ echo one\none\n$ echo two\nthree\n```\n")
    assert differences(page, tmp_path) == ["docs/x.md:4: `echo two` shows\ntwo\n"]


def test_files_and_folders_hold_for_the_page(tmp_path: Path):
    page = page_of(
        '```console\n$ mkdir a && cd a\n```\n\n```yaml title="b.yaml"\nc: 1\n```\n\n'
        "```console\n$ cat b.yaml\nc: 1\n$ ls ..\na\n```\n"
    )
    assert differences(page, tmp_path) == []


def test_lines_may_be_left_out():
    assert matches(("a", "...", "d"), ["a", "b", "c", "d"])
    assert not matches(("a", "...", "d"), ["a", "b", "c"])
    assert not matches(("a",), ["a", "b"])


def test_what_differs_between_runs_may_differ():
    assert matches(("took 5 ms", "✓ a   1.2 s"), ["took 731 ms", "✓ a   20 ms"])
    assert not matches(("took 5 ms",), ["gave 5 ms"])
