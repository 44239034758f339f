"""Documents that no graph can be read from: each is refused with cause, place and a way out.

Nothing has run then, and there is not even a journal.
"""

import json
import random
from collections.abc import Callable, Iterator

import pytest

from e2e.hostile.world import World

ACTIONS = """\
from interlock import Registry, action


@action("mark.write", effect="write")
def mark(name: str) -> str:
    note(name)
    return name


@action("number.same", effect="pure")
def same(number: int) -> int:
    note("same")
    return number


registry = Registry([mark, same])
"""

GOOD = """\
interlock: 1
name: good
nodes:
  a: {call: mark.write, with: {name: a}}
"""

WRITES_B = "  b: {call: mark.write, with: {name: x}}\n"
NUMBER_B = "  b: {call: number.same, with: {number: x}}\n"

LEVELS = 10
BOMB = f"  l0: &l0 [{'lol, ' * 10}]\n" + "".join(
    f"  l{level}: &l{level} [{', '.join([f'*l{level - 1}'] * 10)}]\n" for level in range(1, LEVELS)
)

# name: (document, code, place; without a line, the whole file is meant)
REFUSED: dict[str, tuple[str | bytes, str, str]] = {
    # --- cyclic
    "cycle": (
        GOOD.replace("}}", "}, needs: [b]}") + WRITES_B.replace("x", "'${{ a }}'"),
        "IL1130",
        "4:50",
    ),
    "cycle-of-graphs": (
        """interlock: 1\ngraphs: {x: {nodes: {i: {graph: y}}}, y: {nodes: {i: {graph: x}}}}
name: g\nnodes: {a: {graph: x}}""",
        "IL1118",
        "2:62",
    ),
    "cycle-of-files": (
        "interlock: 1\nname: g\nnodes:\n  a: {graph: cycle-of-files.yaml}\n",
        "IL1118",
        "4:14",
    ),
    "alias-of-itself": ("interlock: 1\nname: &a [*a]\nnodes: {}\n", "IL1009", "2:11"),
    # --- over limits
    "bytes": (GOOD + "# " + "x" * 4_200_000, "IL5001", ""),
    "nodes": (
        "interlock: 1\nname: g\nnodes:\n"
        + "".join(f"  n{n}: {{call: number.same, with: {{number: 1}}}}\n" for n in range(10_001)),
        "IL5005",
        "4:3",
    ),
    "values": (
        f"interlock: 1\nname: [&a [{'0, ' * 600}], {'*a, ' * 900}]\n",
        "IL5003",
        "2:5135",
    ),
    "depth": (GOOD + "more: " + "[" * 5_000 + "]" * 5_000 + "\n", "IL5002", "5:106"),
    "depth-json": ('{"interlock": 1, "name": ' + "[" * 90_000, "IL5002", "1:125"),
    "long-expression": (
        GOOD + NUMBER_B.replace("x", "'${{ " + "1 + " * 2_000 + "1 }}'"),
        "IL2201",
        "5:45",
    ),
    "deep-expression": (
        GOOD + NUMBER_B.replace("x", "'${{ " + "(" * 2_000 + "1 }}'"),
        "IL2202",
        "5:45",
    ),
    "long-name": (GOOD.replace("good", "g" * 5_000), "IL5007", "2:7"),
    # --- aliases
    "alias-bomb": (
        f"interlock: 1\nname: g\nmore:\n{BOMB}nodes: {{}}\n",
        "IL5003",
        "9:27",
    ),
    "aliases": (f"interlock: 1\nname: g\nmore: [&a x{', *a' * 1_001}]\n", "IL5004", "3:4014"),
    "merge": (GOOD + "  b: {<<: {call: mark.write}}\n", "IL1012", "5:7"),
    # --- wrongly encoded
    "utf-16": (GOOD.encode("utf-16"), "IL1001", ""),
    "utf-32": (GOOD.encode("utf-32"), "IL1001", ""),
    "latin-1": (GOOD.replace("good", "'gr\u00fcn'").encode("latin-1"), "IL1001", "2:10"),
    "cut-character": ((GOOD + "# gr\u00fc").encode()[:-1], "IL1001", "5:5"),
    "binary": (b"ELF\x01\x02\x00" * 20 + b"\xd0\x00", "IL1001", "1:121"),
    "bell": (GOOD.replace("good", "'g\x07'"), "IL1002", "2:9"),
    "nul": (GOOD + "\x00", "IL1002", "5:1"),
    "half-character": (rb'{"interlock": 1, "name": "\ud83d", "nodes": {}}', "IL1015", "1:26"),
    # --- empty
    "empty": ("", "IL1003", "1:1"),
    "blank": ("\n\n   \n", "IL1003", "1:1"),
    "comments": ("# nothing\n", "IL1003", "1:1"),
    "null": ("null\n", "IL1101", "1:1"),
    # --- truncated
    "cut-mapping": (GOOD[:-8], "IL1014", "4:31"),
    "cut-quote": ("interlock: 1\nname: 'g\nnodes: {}\n", "IL1014", "2:7"),
    "cut-json": ('{"interlock": 1, "name": "g", "nodes": {"a": ', "IL1014", "1:40"),
    "cut-nodes": ("interlock: 1\nname: g\nnodes:\n", "IL1105", "3:7"),
    # --- unknown versions
    "version-2": (GOOD.replace("k: 1", "k: 2"), "IL1102", "1:12"),
    "version-text": (GOOD.replace("k: 1", "k: '1'"), "IL1102", "1:12"),
    "version-none": (GOOD.replace("interlock: 1\n", ""), "IL1102", "1:1"),
    # --- duplicate keys
    "node-twice": (GOOD + "  a: {call: mark.write, with: {name: b}}\n", "IL1006", "5:3"),
    "field-twice": (GOOD + "name: other\n", "IL1006", "5:1"),
    "json-twice": ('{"interlock": 1, "name": "g", "name": "h", "nodes": {}}', "IL1006", "1:31"),
    # --- no graph, and graphs that cannot run
    "tag": (GOOD + "more: !!python/object/apply:os.system ['touch owned']\n", "IL1008", "5:7"),
    "documents": (GOOD + "---\n" + GOOD, "IL1010", "5:1"),
    "list": ("- a\n", "IL1101", "1:1"),
    "tabs": ("interlock: 1\nname: g\nnodes:\n\ta: {call: mark.write}\n", "IL1013", "4:1"),
    "integer": (GOOD + NUMBER_B.replace("x", "99999999999999999999"), "IL1011", "5:41"),
    "unknown-field": (GOOD + "nodse: {}\n", "IL1104", "5:1"),
    "unknown-action": (GOOD.replace("mark.write", "mark.wriet"), "IL2001", "4:13"),
    "expression": (GOOD + NUMBER_B.replace("x", "'${{ a. }}'"), "IL2200", "5:48"),
    "types": (GOOD + NUMBER_B.replace("x", "'${{ a }}'"), "IL2008", "5:46"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_document_is_refused_and_nothing_runs(world: World, name: str):
    document, code, place = REFUSED[name]
    world.actions(ACTIONS)
    world.write(f"{name}.yaml", document)
    ended = world.run("run", f"{name}.yaml")
    at = f"{name}.yaml:{place}" if place else f"{name}.yaml"
    ended.check_refused(3, code, place=at)
    assert ended.out == ""
    assert ended.err.endswith("Nothing was run.\n")
    assert len(ended.err) < 4_000
    assert world.lines() == []
    assert not world.journal.parent.exists()
    assert not (world.folder / "owned").exists()


def test_the_document_that_the_others_are_made_from_runs(world: World):
    world.actions(ACTIONS)
    world.write("good.yaml", GOOD)
    assert world.run("run", "good.yaml").code == 0
    assert world.lines() == ["a"]
    world.check_sound()


def test_one_mistake_is_one_problem(world: World):
    world.actions(ACTIONS)
    for name in ("node-twice", "nodes", "bytes", "cut-mapping", "version-2", "cycle"):
        world.write(f"{name}.yaml", REFUSED[name][0])
        ended = world.run("check", f"{name}.yaml")
        assert len(ended.codes) == 1, ended.err


# --- fuzz, through the whole program: hundreds of documents, one process


def check_all(world: World, documents: Iterator[str | bytes], count: int) -> None:
    """Check many documents at once: each is fine or refused with words, whatever it holds."""
    world.actions(ACTIONS)
    names = [f"d{number}.yaml" for number in range(count)]
    for name, document in zip(names, documents, strict=False):
        world.write(name, document)
    ended = world.run("check", *names)
    ended.check_words()
    assert ended.code in (0, 3)
    assert ended.codes
    assert not world.journal.parent.exists()


def mutated(chance: random.Random) -> bytes:
    """A document with some bytes changed, lost, doubled or moved."""
    data = bytearray(chance.choice([GOOD.encode(), *SOURCES]))
    for _ in range(chance.randint(1, 6)):
        at, to = sorted(chance.choices(range(len(data) + 1), k=2))
        change = chance.choice(CHANGES)
        data[at:to] = change(bytes(data[at:to]), chance)
    return bytes(data)


SOURCES = [
    document.encode() if isinstance(document, str) else document
    for document, _, _ in REFUSED.values()
    if len(document) < 400
]
CHANGES: list[Callable[[bytes, random.Random], bytes]] = [
    lambda _part, _chance: b"",
    lambda part, _chance: part + part,
    lambda part, _chance: part[::-1],
    lambda part, chance: part + bytes([chance.randrange(256)]),
    lambda part, chance: part + chance.choice([b"{", b"}", b"[", b"]", b"'", b'"', b"&a", b"*a"]),
    lambda part, chance: part + chance.choice([b"${{", b"}}", b"!!", b"\xff", b"\n", b": ", b"- "]),
]

TOKENS = (
    "a", "b", "inputs", "nodes", "nodes.a", "result", "1", "1.5", "'x'", "true", "null", "-", "!",
    "+", "*", "/", "%", "==", "<", "&&", "||", "?", ":", "(", ")", "[", "]", "{", "}", ".", ",",
    "in", "size", ".map(x, x)", ".all(x, x)", "has(", "int(", "string(", "9999999999999999999",
    "\\u0000", "'\u00e9'", "r'", "b'x'", "//", "google.protobuf.Struct", "duration('1s')", "1u",
)  # fmt: skip


def with_expression(chance: random.Random) -> str:
    text = " ".join(chance.choices(TOKENS, k=chance.randint(1, 12)))
    node = {"call": "number.same", "with": {"number": "${{ " + text + " }}"}, "when": text}
    good = {"call": "mark.write", "with": {"name": "a"}}
    return json.dumps({"interlock": 1, "name": "g", "nodes": {"a": good, "b": node}})


@pytest.mark.parametrize("seed", range(2))
def test_no_bytes_are_too_bad_for_words(world: World, seed: int):
    chance = random.Random(seed)
    check_all(world, (mutated(chance) for _ in range(150)), 150)


@pytest.mark.parametrize("seed", range(2))
def test_no_expression_is_too_bad_for_words(world: World, seed: int):
    chance = random.Random(seed)
    check_all(world, (with_expression(chance) for _ in range(150)), 150)
