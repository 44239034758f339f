"""Inputs, options and apps that do not fit: told with all that is wrong, and nothing runs."""

import pytest

from e2e.hostile.world import World

ACTIONS = """\
from interlock import Registry, action


@action("mark.write", effect="write")
def mark(name: str) -> str:
    note(name)
    return name


registry = Registry([mark])
"""

GRAPH = r"""interlock: 1
name: marked
inputs:
  day: {type: string, pattern: '^\d{4}-\d\d-\d\d$'}
  count: {type: integer, minimum: 1, default: 1}
  tags: {type: array, items: {type: string}, default: []}
nodes:
  a: {call: mark.write, with: {name: '${{ inputs.day }}'}}
"""

DAY = ("-i", "day=2026-11-23")

# name: (options, exit code, code, words)
REFUSED: dict[str, tuple[tuple[str, ...], int, str, str]] = {
    "missing": ((), 3, "IL2010", "missing: `day`"),
    "unknown": ((*DAY, "-i", "dya=x"), 3, "IL2010", "did you mean `day`?"),
    "pattern": (("-i", "day=tomorrow"), 3, "IL2010", "`day`"),
    "type": ((*DAY, "-i", "count=many"), 3, "IL2010", "`count` takes integer"),
    "range": ((*DAY, "-i", "count=0"), 3, "IL2010", "`count`"),
    "nan": ((*DAY, "-i", "count=NaN"), 3, "IL2010", "`count`"),
    "huge": ((*DAY, "-i", "count=99999999999999999999"), 3, "IL2010", "`count`"),
    "deep": ((*DAY, "-i", f"tags={'[' * 5_000}"), 3, "IL2010", "nested too deep"),
    "deeper than 100": ((*DAY, "-i", f"tags={'[' * 101}{']' * 101}"), 3, "IL2010", "`tags`"),
    "items": ((*DAY, "-i", 'tags=["a", 2]'), 3, "IL2010", "`tags`"),
    "half a character": ((*DAY, "-i", r'tags=["\ud83d"]'), 3, "IL2010", "`tags`"),
    "several": (("-i", "count=x", "-i", "tags=1"), 3, "IL2010", "3 problems"),
    "no value": (("-i", "day"), 2, "IL9001", "NAME=VALUE"),
    "file of nothing": (("--inputs", "empty.json"), 3, "IL1003", "empty.json:1:1"),
    "file with doubles": (("--inputs", "twice.json"), 3, "IL1006", "twice.json:1:22"),
    "file in latin-1": (("--inputs", "latin.json"), 3, "IL1001", "latin.json:1:10"),
    "file of a list": (("--inputs", "list.json"), 2, "IL9001", "list.json"),
    "no file": (("--inputs", "gone.json"), 2, "IL9001", "gone.json"),
    "folder": (("--inputs", "."), 2, "IL9001", "directory"),
    "no store": ((*DAY, "--store", ""), 2, "IL9001", "address of a store is empty"),
    "strange store": ((*DAY, "--store", "redis://x"), 2, "IL9001", "`redis:`"),
    "app that is not there": ((*DAY, "--app", "gone:registry"), 2, "IL9004", "gone"),
    "app without it": ((*DAY, "--app", "actions:registri"), 2, "IL9004", "registry"),
    "app that raises": ((*DAY, "--app", "raises:registry"), 2, "IL9004", "raises.py:2"),
    "app that exits": ((*DAY, "--app", "exits:registry"), 2, "IL9004", "exits.py:2"),
    "app with a syntax error": ((*DAY, "--app", "syntax:registry"), 2, "IL9004", "syntax.py:1"),
    "app that is a number": ((*DAY, "--app", "raises:number"), 2, "IL9004", "raises.py"),
}

FILES = {
    "empty.json": b"",
    "twice.json": b'{"day": "a", "b": 1, "b": 2}',
    "latin.json": '{"day": "ü"}'.encode("latin-1"),
    "list.json": b"[1]",
    "raises.py": b"number = 1\nraise RuntimeError('not today')\n",
    "exits.py": b"import sys\nsys.exit(0)\n",
    "syntax.py": b"def f(:\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_and_nothing_runs(world: World, name: str):
    options, code, error, says = REFUSED[name]
    world.actions(ACTIONS)
    world.write("marked.yaml", GRAPH)
    for file, content in FILES.items():
        world.write(file, content)
    ended = world.run("run", "marked.yaml", *options)
    ended.check_refused(code, error, says=says)
    assert ended.out == ""
    assert world.lines() == []
    assert not world.journal.parent.exists()


# name: (words, exit code, words of the answer)
MISUSE: dict[str, tuple[tuple[str, ...], int, str]] = {
    "no such command": (("rnu", "marked.yaml"), 2, "did you mean `run`?"),
    "no such option": (("run", "marked.yaml", "--keys", "x"), 2, "--key"),
    "no such graph": (("run", "markd.yaml"), 2, "marked.yaml"),
    "no such run": (("resume", "01AAAA"), 2, "no run begins with `01AAAA`"),
    "no run yet": (("show", "last"), 2, "there is no journal"),
    "a strange id": (("show", "\x1b[2J"), 2, "no id of a run"),
    "another run": (("show", "lst"), 2, "did you mean `last`?"),
    "another node": (("resolve", "last", "b", "--failed"), 2, "has no node `b`"),
    "a node that is fine": (("resolve", "last", "a", "--failed"), 2, "`a` is not in doubt"),
    "a path that is none": (("show", "last", "a/"), 2, "is not the path of a node"),
    "no graph": (("run",), 2, "missing argument 'GRAPH'"),
    "no such status": (("runs", "--status", "done"), 2, "'succeeded'"),
    "no number": (("runs", "--limit", "many"), 2, "'--limit'"),
    "no such code": (("explain", "IL0001"), 2, "there is no code `IL0001`"),
    "no such folder": (("demo", "--folder", "/proc/none"), 2, "/proc/none cannot be made"),
    "no verdict": (("resolve", "last", "a"), 2, "--succeeded JSON, --failed or --retry"),
    "no JSON": (("resolve", "last", "a", "--succeeded", "{"), 2, "as JSON"),
}


@pytest.mark.parametrize("name", MISUSE)
def test_a_slip_of_the_hand_is_told(world: World, name: str):
    words, code, says = MISUSE[name]
    world.actions(ACTIONS)
    world.write("marked.yaml", GRAPH)
    if words[0] in ("show", "resume", "resolve") and name != "no run yet":
        assert world.run("run", "marked.yaml", *DAY).code == 0
    ended = world.run(*words)
    ended.check_words()
    assert (ended.code, ended.out) == (code, "")
    assert ended.codes
    assert says in ended.err
    assert "\x1b" not in ended.err


def test_a_folder_that_is_gone_is_no_bug(world: World):
    place = world.folder / "gone"
    place.mkdir()
    before = ("sh", "-c", f'cd "{place}" && rmdir "{place}" && exec "$@"', "sh")
    ended = world.run("runs", before=before)
    ended.check_refused(2, "IL9001", says="No such file")
