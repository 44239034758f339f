"""Seeded mutations of a document: what a model that errs, or a line that breaks, may make of it."""

import json
import random
import re
from collections.abc import Callable
from copy import deepcopy
from typing import TypeAlias

from interlock.errors import DocumentInvalid
from interlock.graph import read_text
from interlock.values import Json

Tree: TypeAlias = dict[str, Json]
Place: TypeAlias = tuple[str | int, ...]
Operator: TypeAlias = Callable[[Tree, random.Random], Json | None]

REFERENCE = re.compile(r"\$\{\{ ([\w.]+) \}\}")
WRONG: tuple[Json, ...] = (None, True, 7, -1.5, "", "x" * 300, [], {}, [[]], {"call": 1}, "${{ x")
FIELDS = ("file", "commit", "sha256", "version", "published", "nothing", "name.more", "0")
ACTIONS = ("index.upload", "git.status", "wheel.build", "exec.run", "", "index publish", "a..b")


def places(tree: Json, at: Place = ()) -> list[Place]:
    """All places below a value."""
    items: list[tuple[str | int, Json]] = []
    if isinstance(tree, dict):
        items = list(tree.items())
    elif isinstance(tree, list):
        items = list(enumerate(tree))
    return [p for key, part in items for p in [(*at, key), *places(part, (*at, key))]]


def value_at(tree: Json, place: Place) -> Json:
    for step in place:
        tree = tree[step]  # type: ignore[index, call-overload]
    return tree


def put(tree: Json, place: Place, value: Json) -> None:
    value_at(tree, place[:-1])[place[-1]] = value  # type: ignore[index, call-overload]


def remove(tree: Json, place: Place) -> None:
    del value_at(tree, place[:-1])[place[-1]]  # type: ignore[index, union-attr]


def nodes_of(tree: Tree) -> Tree:
    nodes = tree["nodes"]
    assert isinstance(nodes, dict)
    return nodes


def a_node(tree: Tree, rng: random.Random) -> tuple[str, Tree]:
    id_ = rng.choice(sorted(nodes_of(tree)))
    node = nodes_of(tree)[id_]
    assert isinstance(node, dict)
    return id_, node


# --- operators; each changes the tree in place, or returns another one


def drop_field(tree: Tree, rng: random.Random) -> None:
    remove(tree, rng.choice(places(tree)))


def rename_action(tree: Tree, rng: random.Random) -> None:
    _, node = a_node(tree, rng)
    kind = "call" if "call" in node else "propose"
    node[kind] = rng.choice([*ACTIONS, f"{node[kind]}s"])


def change_reference(tree: Tree, rng: random.Random) -> None:
    found = [p for p in places(tree) if REFERENCE.search(str(value_at(tree, p)))]
    leaves = [p for p in found if isinstance(value_at(tree, p), str)]
    place = rng.choice(leaves)
    root = rng.choice([*nodes_of(tree), "inputs", "nobody", "result"])
    field = rng.choice(FIELDS)
    put(tree, place, rng.choice([f"${{{{ {root}.{field} }}}}", f"${{{{ {root} }}}}"]))


def wrong_type(tree: Tree, rng: random.Random) -> None:
    put(tree, rng.choice(places(tree)), deepcopy(rng.choice(WRONG)))


def cycle(tree: Tree, rng: random.Random) -> None:
    early, late = rng.sample(sorted(nodes_of(tree)), 2)
    nodes = nodes_of(tree)
    for one, other in ((early, late), (late, early)):
        node = nodes[one]
        assert isinstance(node, dict)
        node["needs"] = [other]


def delete_node(tree: Tree, rng: random.Random) -> None:
    id_, _ = a_node(tree, rng)
    del nodes_of(tree)[id_]


def swap_values(tree: Tree, rng: random.Random) -> None:
    one, other = rng.sample(places(tree), 2)
    while one == other[: len(one)] or other == one[: len(other)]:
        one, other = rng.sample(places(tree), 2)
    first, second = value_at(tree, one), value_at(tree, other)
    put(tree, one, second)
    put(tree, other, first)


def unknown_field(tree: Tree, rng: random.Random) -> None:
    tables = [p for p in places(tree) if isinstance(value_at(tree, p), dict)]
    table = value_at(tree, rng.choice(tables))
    assert isinstance(table, dict)
    table[rng.choice(["nedds", "x-y", "Call", "", "whne", "0"])] = rng.choice(["x", 1, None])


def rename_node(tree: Tree, rng: random.Random) -> None:
    id_, node = a_node(tree, rng)
    del nodes_of(tree)[id_]
    nodes_of(tree)[rng.choice([f"{id_}_2", id_.upper(), "loop", "inputs", "9", "ä"])] = node


def replace_condition(tree: Tree, rng: random.Random) -> None:
    _, node = a_node(tree, rng)
    field = rng.choice(["when", "require", "ensure"])
    node[field] = rng.choice(
        ["result.ok &&", "1 + 1", "'yes'", "true", "inputs.version > 3", "result.x == 1", "f(1)"]
    )


OPERATORS: tuple[Operator, ...] = (
    drop_field,
    rename_action,
    change_reference,
    wrong_type,
    cycle,
    delete_node,
    swap_values,
    unknown_field,
    rename_node,
    replace_condition,
)


def mutated_tree(tree: Tree, seed: int) -> tuple[str, str]:
    """Mutate a tree, and write it as JSON; gives the name of the operator too."""
    rng = random.Random(seed)
    operator = OPERATORS[seed % len(OPERATORS)]
    while True:
        changed = deepcopy(tree)
        operator(changed, rng)
        if changed != tree:
            return operator.__name__, json.dumps(changed, indent=2)


def mutated_text(text: str, seed: int) -> tuple[str, str]:
    """Break the text itself: cut it off, double a line, drop characters, put in odd ones."""
    rng = random.Random(seed)
    lines = text.splitlines(keepends=True)
    at = rng.randrange(len(text) - 2)
    match seed % 4:
        case 0:
            return "truncate", text[:at]
        case 1:
            line = rng.randrange(len(lines))
            return "double_line", "".join([*lines[: line + 1], *lines[line:]])
        case 2:
            return "drop_characters", text[:at] + text[at + rng.randrange(1, 9) :]
        case _:
            return "odd_characters", text[:at] + rng.choice("\t\0{}[]:'\"&*%") + text[at:]


def tree_of(text: str) -> Tree:
    tree, _ = read_text(text)
    assert isinstance(tree, dict)
    return tree


def mutation(text: str, seed: int) -> tuple[str, str]:
    """Mutate a document: what did it, and the text that came of it.

    Four of five change the document, the rest its text: as JSON, or the YAML that it is.
    """
    tree = tree_of(text)
    if seed % 5:
        return mutated_tree(tree, seed // 5 * 4 + seed % 5 - 1)
    whole = json.dumps(tree, indent=2) if seed % 10 else text
    salt = seed
    while True:
        operator, changed = mutated_text(whole, salt)
        if _says_something_else(changed, tree):
            return operator, changed
        salt += 4


def _says_something_else(text: str, tree: Tree) -> bool:
    """A change in a comment, or of the last line feed, is none."""
    try:
        return read_text(text)[0] != tree
    except DocumentInvalid:
        return True
