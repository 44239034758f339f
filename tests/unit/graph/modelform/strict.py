"""The rules of strict structured output, as the strictest endpoints have them, and its values."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from hypothesis import strategies as st

from interlock.graph.kinds import KINDS

KEYWORDS = {
    *("type", "properties", "required", "additionalProperties", "items", "anyOf", "enum"),
    *("$ref", "$defs", "description"),
}
TYPES = {"string", "number", "integer", "boolean", "null", "array", "object"}
PROPERTIES_MAX = 5_000
TEXT_CHARS_MAX = 120_000
ENUM_VALUES_MAX = 1_000

Node = dict[str, Any]


def broken_rules(schema: Node) -> list[str]:
    """Say which rules a schema breaks, and where."""
    found = [f"{at}: {told}" for at, part in parts_of(schema) for told in broken_here(part, schema)]
    if schema.get("type") != "object":
        found.append("$: the root must be an object")
    properties = [name for _, part in parts_of(schema) for name in part.get("properties", {})]
    values = [value for _, part in parts_of(schema) for value in part.get("enum", [])]
    if len(properties) > PROPERTIES_MAX or len(values) > ENUM_VALUES_MAX:
        found.append("$: too many properties or values")
    texts = [*properties, *schema.get("$defs", {}), *(str(value) for value in values)]
    if sum(map(len, texts)) > TEXT_CHARS_MAX:
        found.append("$: too much text")
    return found


def parts_of(schema: Node, at: str = "$") -> Iterator[tuple[str, Node]]:
    yield at, schema
    for keyword in ("properties", "$defs"):
        for name, part in schema.get(keyword, {}).items():
            yield from parts_of(part, f"{at}.{keyword}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from parts_of(schema["items"], f"{at}.items")
    for index, part in enumerate(schema.get("anyOf", [])):
        yield from parts_of(part, f"{at}.anyOf[{index}]")


def broken_here(part: Node, root: Node) -> Iterator[str]:
    unknown = part.keys() - KEYWORDS
    if unknown:
        yield f"keywords {sorted(unknown)}"
    if "$ref" in part:
        if len(part) > 1:
            yield "something beside $ref"
        if target(part["$ref"], root) is None:
            yield f"{part['$ref']} leads nowhere"
        return
    if "anyOf" in part:
        if not part["anyOf"] or part.keys() - {"anyOf", "description"}:
            yield "anyOf is empty, or not alone"
        yield from clashes(part["anyOf"], root)
        return
    if part.get("type") not in TYPES:
        yield f"type {part.get('type')!r}"
    if part.get("type") == "object":
        if part.get("additionalProperties") is not False:
            yield "the object is open"
        if list(part.get("properties", {})) != part.get("required"):
            yield "a field is not required"
    elif "properties" in part:
        yield "properties of something else"
    if part.get("type") == "array" and not isinstance(part.get("items"), dict):
        yield "an array without items"
    if "enum" in part and not part["enum"]:
        yield "an empty enum"


def clashes(options: list[Node], root: Node) -> Iterator[str]:
    """Objects in a union must be told apart by their first key, or by its only value."""
    seen: set[tuple[str, str]] = set()
    for option in flat(options, root):
        if option.get("type") == "object" and option["properties"]:
            first = next(iter(option["properties"]))
            mark = (first, str(option["properties"][first].get("enum")))
            if mark in seen or (first, "None") in seen:
                yield f"two objects begin with {first!r}"
            seen.add(mark)


def flat(options: list[Node], root: Node) -> Iterator[Node]:
    for option in options:
        seen = target(option["$ref"], root) if "$ref" in option else option
        if seen is not None and "anyOf" in seen:
            yield from flat(seen["anyOf"], root)
        elif seen is not None:
            yield seen


def target(ref: str, root: Node) -> Node | None:
    return root.get("$defs", {}).get(ref.removeprefix("#/$defs/"))


# --- values of a strict schema


POOLS: Mapping[str, list[str]] = {
    "id": [f"node_{letter}" for letter in "abcdefgh"],
    "name": [f"name_{letter}" for letter in "abcdefgh"],
    "key": ["k1", "k2", "k3", "a b"],
    "ref": ["inputs.name_a", "node_a.body", "size(node_b) > 1", "nodes.node_a.status"],
    "delay": ["250ms", "2s"],
    "delay_max": ["30s"],
    "timeout": ["30s", "1.5m"],
    "deadline": ["4h"],
    "as": ["each"],
    "over": ["inputs.name_a", "node_a.list"],
    "json_schema": ['{"type": "string", "maxLength": 3}', "true", '{"enum": [1, 2.5]}'],
    "actions": ["http.*", "*"],
    "needs": ["node_a", "node_b"],
    "after": ["node_c"],
    "when": ["inputs.name_a == 'x'", "true"],
    "require": ["true"],
    "ensure": ["result.ok"],
    "signal": ["paid"],
    "for": ["node_a", "node_b"],
    "expires": ["4h"],
    "ask": ["Ship?", "Ship ${{ inputs.name_a }}?"],
    "to": ["ops", "finance"],
    "until": ["result.ok"],
    "first_of": ["node_a", "node_b"],
    "call": ["http.get"],
}
PLAIN = ["", "x", "Hello ${{ inputs.name_a }}", "$${{ no }}", "a\nb"]
DEPTH_MAX = 5


def values_of(
    schema: Node, root: Node, *, name: str = "", depth: int = 0
) -> st.SearchStrategy[Any]:
    """Make values that satisfy a strict schema; texts by the name of their field."""
    if "$ref" in schema:
        found = cast("Node", target(schema["$ref"], root))
        return values_of(found, root, name=name, depth=depth + 1)
    if "anyOf" in schema:
        options = schema["anyOf"]
        shallow = [each for each in options if each.get("type") in TYPES - {"array", "object"}]
        chosen = shallow if depth > DEPTH_MAX and shallow else options
        return st.one_of([values_of(each, root, name=name, depth=depth + 1) for each in chosen])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema["type"]:
        case "object":
            fields = {
                key: st.deferred(
                    lambda key=key, part=part: values_of(part, root, name=key, depth=depth + 1)
                )
                for key, part in schema["properties"].items()
            }
            return st.fixed_dictionaries(fields)
        case "array":
            most = 0 if depth > DEPTH_MAX else 2
            items = st.deferred(
                lambda: values_of(schema["items"], root, name=name, depth=depth + 1)
            )
            return st.lists(items, max_size=most) if most else st.just([])
        case "string":
            return st.sampled_from(POOLS.get(name, PLAIN))
        case "integer":
            return st.integers(1, 20)
        case "number":
            return st.integers(1, 9) | st.floats(1, 9)
        case "boolean":
            return st.booleans()
        case _:
            return st.none()


def made_sound(graph: Node) -> Node:
    """Mend what no schema can say: names are unique, and graphs that are named exist."""
    for field, key in (
        ("types", "name"),
        ("inputs", "name"),
        ("graphs", "name"),
        ("outputs", "name"),
    ):
        graph[field] = unique(graph[field], key)
    for entry in graph["graphs"]:
        made_sound(entry["graph"])
    bodies = [entry["name"] for entry in graph["graphs"]]
    nodes = [
        node
        for node in unique(graph["nodes"], "id")
        if bodies or not {"graph", "map", "repeat"} & node.keys()
    ]
    for node in nodes:
        for kind in ("graph", "map", "repeat"):
            if kind in node:
                node[kind] = bodies[0]
        kind = next(kind for kind in KINDS if kind in node)
        options = {next(iter(option)): option for option in node["options"]}
        node["options"] = [
            option for name, option in options.items() if name not in KINDS[kind].without
        ]
        sound_kind(node)
    graph["nodes"] = nodes
    for field in ("nodes", "outputs", "inputs", "types"):
        sound_values(graph[field])
    return graph


def sound_kind(node: Node) -> None:
    """Mend what a kind asks for."""
    wait, gate = node.get("wait"), node.get("gate")
    if wait is not None:
        wait["for"] = None if wait["for"] is None and wait["signal"] else "3d"
        wait["returns"] = wait["returns"] if wait["signal"] else None
    if gate is not None:
        gate["to"], gate["for"] = [*dict.fromkeys(gate["to"])], [*dict.fromkeys(gate["for"])]
        bounds = unique(gate["bounds"], "name")
        gate["bounds"] = [{**bound, "value": "args.x > 1"} for bound in bounds]
    if "first_of" in node:
        node["first_of"] = [*dict.fromkeys(node["first_of"])] or ["node_a"]


def sound_values(part: Any) -> None:
    """Let no list of names have one twice."""
    if isinstance(part, dict):
        for key, inner in part.items():
            if key in ("map", "with", "with_more", "carry", "object") and isinstance(inner, list):
                part[key] = unique(inner, "key" if key == "map" else "name")
            elif key in ("needs", "after", "actions"):
                part[key] = list(dict.fromkeys(inner))
            sound_values(part[key])
    elif isinstance(part, list):
        for inner in part:
            sound_values(inner)


def unique(entries: list[Node], key: str) -> list[Node]:
    return list({entry[key]: entry for entry in entries}.values())
