"""Random graphs over random actions: references that lead somewhere, and some that do not."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

from interlock.actions import EFFECTS, Manifest
from interlock.values import Json, Schema, select
from unit.values.strategies import SCHEMAS

FIELDS = ("a", "b", "ab", "x-y")
IDS = ("n0", "n1", "n2", "n3", "n4")
INPUTS = ("day", "rows")
ODD = (
    "gone.a",
    "inputs.gone",
    "1 + 1",
    "'text'",
    "size(inputs)",
    "nodes.n0.status",
    "nodes.n1.output",
    "[inputs.day]",
    "{'a': inputs.day}",
    "inputs.day == null ? 1 : 2",
    "has(inputs.day) && true",
    "inputs.",
    "result",
    "n0 + n1",
)


@dataclass
class Case:
    """A document and the actions that it may use."""

    document: dict[str, Json]
    actions: dict[str, Manifest] = field(default_factory=dict[str, Manifest])


@st.composite
def manifests(draw: st.DrawFn, name: str) -> Manifest:
    anything: st.SearchStrategy[Schema] = st.just(True)
    arguments = draw(st.dictionaries(st.sampled_from(FIELDS), anything | SCHEMAS, max_size=3))
    required: list[Json] = [one for one in arguments if draw(st.integers(0, 3)) == 0]
    properties: dict[str, Json] = {**arguments}
    schema: dict[str, Json] = {"type": "object", "properties": properties, "required": required}
    if draw(st.booleans()):
        schema["additionalProperties"] = False
    effect = draw(st.sampled_from(EFFECTS))
    return Manifest(name=name, effect=effect, arguments=schema, returns=draw(SCHEMAS))


def paths_into(schema: Schema, depth: int = 2) -> list[str]:
    """Paths that lead to something, written as expressions."""
    found = [""]
    if depth:
        for name in select(schema, ("?",)).fields:
            step = f".{name}" if name.isidentifier() else f"['{name}']"
            found += [step + rest for rest in paths_into(select(schema, (name,)).schema, depth - 1)]
        if select(schema, (0,)).schema is not False:
            found.append("[0]")
    return found


@st.composite
def sources(draw: st.DrawFn, roots: dict[str, Schema]) -> str:
    """An expression: mostly a path that exists."""
    if draw(st.integers(0, 9)) < 2 or not roots:
        return draw(st.sampled_from(ODD))
    name = draw(st.sampled_from(sorted(roots)))
    path = name + draw(st.sampled_from(paths_into(roots[name])))
    forms = ["{}", "{}", "{}", "{} == 1", "string({})", "{} != null", "[{}]", "{{'a': {}}}"]
    return draw(st.sampled_from(forms)).format(path)


@st.composite
def values(draw: st.DrawFn, roots: dict[str, Schema], *, depth: int = 1) -> Json:
    kind = draw(st.integers(0, 7 if depth else 5))
    if kind <= 3:
        return f"${{{{ {draw(sources(roots))} }}}}"
    if kind == 4:
        return f"a ${{{{ {draw(sources(roots))} }}}} b"
    if kind == 5:
        return draw(st.sampled_from(["a", 1, 2.5, True, None, "2026-01-31", [], {}, "$${{ x }}"]))
    if kind == 6:
        return [draw(values(roots, depth=0)) for _ in range(draw(st.integers(0, 2)))]
    return {name: draw(values(roots, depth=0)) for name in draw(st.sets(st.sampled_from(FIELDS)))}


@st.composite
def calls(draw: st.DrawFn, manifest: Manifest, roots: dict[str, Schema]) -> dict[str, Json]:
    names = set(draw(st.lists(st.sampled_from(FIELDS), max_size=1)))
    if isinstance(manifest.arguments, dict):
        declared = manifest.arguments["properties"]
        names |= set(declared) if isinstance(declared, dict) else set()
    node: dict[str, Json] = {
        "call": manifest.name,
        "with": {name: draw(values(roots)) for name in sorted(names)},
    }
    for option in ("when", "require", "ensure"):
        if draw(st.integers(0, 9)) == 0:
            node[option] = draw(sources(roots))
    for option in ("needs", "after"):
        if draw(st.integers(0, 4)) == 0:
            node[option] = [draw(st.sampled_from(IDS))]
    if draw(st.integers(0, 9)) == 0:
        node["on_error"] = "continue"
    if draw(st.integers(0, 9)) == 0:
        node["returns"] = draw(SCHEMAS)
    return node


@st.composite
def graphs_of(
    draw: st.DrawFn, actions: dict[str, Manifest], bodies: dict[str, dict[str, Json]]
) -> dict[str, Json]:
    """A graph without its head; nodes read nodes before them, and sometimes others."""
    inputs = {name: draw(SCHEMAS) for name in draw(st.sets(st.sampled_from(INPUTS)))}
    roots: dict[str, Schema] = {f"inputs.{name}": schema for name, schema in inputs.items()}
    nodes: dict[str, Json] = {}
    for id_ in IDS[: draw(st.integers(1, len(IDS)))]:
        kinds = ["call", "call", "call", "propose", *(["graph", "map"] if bodies else [])]
        kind = draw(st.sampled_from(kinds))
        manifest = draw(st.sampled_from(sorted(actions.values(), key=lambda one: one.name)))
        node = draw(calls(manifest, roots))
        if kind != "call":
            node = _other(draw, kind, node, roots, sorted(bodies))
        nodes[id_] = node
        roots[id_] = manifest.returns if kind == "call" else True
    outputs = {name: draw(values(roots)) for name in draw(st.sets(st.sampled_from(["a", "b"])))}
    return {"inputs": inputs, "nodes": nodes, "outputs": outputs}


def _other(
    draw: st.DrawFn,
    kind: str,
    node: dict[str, Json],
    roots: dict[str, Schema],
    bodies: list[str],
) -> dict[str, Json]:
    name = node.pop("call")
    if kind == "propose":
        return {**node, "propose": name}
    node[kind] = draw(st.sampled_from(bodies))
    if kind == "map":
        node["over"] = draw(sources(roots))
        node["with"] = {"day": "${{ item }}"} if draw(st.booleans()) else node["with"]
    return node


@st.composite
def cases(draw: st.DrawFn) -> Case:
    actions = {name: draw(manifests(name)) for name in ("act.one", "act.two")}
    bodies: dict[str, dict[str, Json]] = {}
    for name in draw(st.sampled_from([[], [], ["one"], ["one", "two"]])):
        bodies[name] = draw(graphs_of(actions, dict(bodies)))
    graph = draw(graphs_of(actions, bodies))
    return Case({"interlock": 1, "name": "case", **graph, "graphs": dict(bodies)}, actions)


def without(document: dict[str, Json], pointer: str) -> bool:
    """Take out what is wrong: the argument, condition or output; or else the whole node."""
    steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]
    sizes = {"with": 2, "needs": 1, "after": 1, "when": 1, "require": 1, "ensure": 1, "returns": 1}
    for index, step in enumerate(steps):
        size = sizes.get(step, 0) if steps[index - 2 : index - 1] == ["nodes"] else 0
        if size and len(steps) >= index + size and steps[index - 2] == "nodes":
            return _dropped(document, steps[: index + size]) or _dropped(document, steps[:index])
    for index, step in enumerate(steps):
        if step in ("nodes", "outputs", "inputs") and len(steps) > index + 1:
            return _dropped(document, steps[: index + 2])
    return False


def _dropped(document: dict[str, Json], steps: list[str]) -> bool:
    here: Json = document
    for step in steps[:-1]:
        here = here.get(step) if isinstance(here, dict) else None
    if isinstance(here, dict) and steps[-1] in here:
        del here[steps[-1]]
        return True
    return False
