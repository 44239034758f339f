"""NESTFUL (IBM, Apache-2.0): nested call sequences, read as graphs over the tools they name.

A plan of the data set is a list of calls with labels; `$var1.items[0].name$` refers to what an
earlier call returned, and `var_result` says what the plan yields. What the data set writes in its
own way is put into ours here, and only here; what is wrong with it is listed in `defects.py`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from interlock.actions import AnyAction, Effect, Registry, declare
from interlock.values import Json, Schema

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "nestful" / "data"
RESULT = "var_result"
REFERENCE = re.compile(r"\$(var\d+)((?:\.[A-Za-z_][\w ]*|\[\d+\])*)\$")
STEP = re.compile(r"\.([A-Za-z_][\w ]*)|\[(\d+)\]")
WRITES = (
    "add_",
    "book_",
    "convert_file",
    "create_",
    "place_",
    "schedule_",
    "send_",
    "set_",
    "update_",
)
TYPES = {
    "array": "array",
    "boolean": "boolean",
    "enum": "string",
    "file": "string",
    "float": "number",
    "integer": "integer",
    "number": "number",
    "object": "object",
    "string": "string",
}

Call = tuple[str, dict[str, Json]]


@dataclass(frozen=True)
class Step:
    """One call of a plan."""

    label: str
    tool: str
    arguments: dict[str, Json]


@dataclass(frozen=True)
class NestfulPlan:
    """A plan of the data set."""

    source: str
    number: int
    steps: tuple[Step, ...]
    yields: dict[str, Json]

    @property
    def id(self) -> str:
        return f"{self.source}-{self.number}"

    def document(self) -> dict[str, Json]:
        """The plan as a document of ours."""
        nodes: dict[str, Json] = {step.label: node_of(step) for step in self.steps}
        outputs: dict[str, Json] = {name: expressed(one) for name, one in self.yields.items()}
        return {"interlock": 1, "name": self.id, "nodes": nodes, "outputs": outputs}

    def text(self) -> str:
        """The same as text, where two calls of one label stand as they are."""
        document = self.document()
        outputs = json.dumps(document["outputs"])
        nodes = ",".join(f'"{step.label}": {json.dumps(node_of(step))}' for step in self.steps)
        head = f'"interlock": 1, "name": "{self.id}"'
        return f'{{{head}, "nodes": {{{nodes}}}, "outputs": {outputs}}}'


def node_of(step: Step) -> Json:
    return {"call": step.tool, "with": expressed(step.arguments)}


@dataclass(frozen=True)
class Source:
    """One half of the data set: its plans and the tools they may call."""

    name: str
    data: str
    specs: str

    @cached_property
    def plans(self) -> tuple[NestfulPlan, ...]:
        return tuple(self._plan(n, one["output"]) for n, one in enumerate(read(self.data)))

    def _plan(self, number: int, calls: list[dict[str, Any]]) -> NestfulPlan:
        *steps, last = calls
        assert last["name"] == RESULT
        return NestfulPlan(
            source=self.name,
            number=number,
            steps=tuple(Step(one["label"], one["name"], one["arguments"]) for one in steps),
            yields=last["arguments"],
        )

    @cached_property
    def tools(self) -> dict[str, "Tool"]:
        # A tool that is described twice is described the same each time.
        return {one["name"]: Tool.read(one) for one in read(self.specs)}

    def registry(self, heard: list[Call]) -> Registry:
        """The tools as actions that answer from their schemas, and write down what they hear."""
        return Registry([tool.action(heard) for tool in self.tools.values()])


SOURCES = (
    Source("executable", "executable/executable-data.json", "executable/executable-spec.json"),
    Source(
        "glaive",
        "non-executable/non-executable-glaive-data.json",
        "non-executable/non-executable-glaive-spec.json",
    ),
)


@cache
def read(name: str) -> Any:
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


# --- tools


@dataclass(frozen=True)
class Tool:
    """A tool of the data set with its schemas."""

    name: str
    takes: Schema
    returns: Schema

    @classmethod
    def read(cls, spec: dict[str, Any]) -> "Tool":
        given = [spec.get(name) for name in ("query_parameters", "path_parameters", "parameters")]
        parameters = {name: one for table in given if table for name, one in table.items()}
        required: list[Json] = [
            name for name, one in parameters.items() if one.get("required") is True
        ]
        takes: Schema = {
            "type": "object",
            "properties": {name: schema_of(one) for name, one in parameters.items()},
            "required": required,
            "additionalProperties": False,
        }
        return cls(spec["name"], takes, record_of(spec["output_parameters"]))

    @property
    def effect(self) -> Effect:
        return "write" if self.name.startswith(WRITES) else "read"

    def answer(self, arguments: dict[str, Json]) -> Json:
        """What the tool returns for these arguments: always the same, and of its schema."""
        seed = json.dumps([self.name, arguments], sort_keys=True)
        return example(self.returns, f"{self.name}#{sum(seed.encode())}")

    def action(self, heard: list[Call]) -> AnyAction:
        def call(**arguments: Json) -> Json:
            heard.append((self.name, arguments))
            return self.answer(arguments)

        return declare(
            self.name, call, arguments=self.takes, returns=self.returns, effect=self.effect
        )


def record_of(fields: dict[str, Any]) -> Schema:
    """An object that has all its fields: the data set does not say which may be absent."""
    properties: dict[str, Json] = {name: schema_of(one) for name, one in fields.items()}
    return {"type": "object", "properties": properties, "required": list[Json](properties)}


def schema_of(spec: Any) -> Schema:
    """The JSON Schema of what the data set writes: `String`, `{"type": "Enum"}`, `"string"`."""
    if isinstance(spec, str):
        return {"type": TYPES[spec.lower()]}
    written = str(spec["type"])
    if written.startswith("Date"):
        return {"type": "string", "format": "date"}
    found: dict[str, Json] = {"type": TYPES[written.lower()]}
    if "format" in spec:
        found["format"] = spec["format"]
    allowed = spec.get("enum") or spec.get("allowed_values") or spec.get("possible_values")
    if isinstance(allowed, list) and found["type"] == "string":
        found["enum"] = allowed
    if isinstance(spec.get("items"), dict):
        found["items"] = schema_of(spec["items"])
    if found["type"] == "object" and isinstance(spec.get("properties"), dict):
        return record_of(spec["properties"])
    return found


def example(schema: Any, seed: str) -> Json:
    """A value of a schema that tells where it comes from."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "string":
            return {"date": "2026-01-31", "email": "a@example.org"}.get(
                schema.get("format", ""), f"<{seed}>"
            )
        case "integer":
            return len(seed)
        case "number":
            return len(seed) + 0.5
        case "boolean":
            return len(seed) % 2 == 0
        case "array":
            items = schema.get("items", {"type": "string"})
            return [example(items, f"{seed}[{index}]") for index in range(2)]
        case _:
            fields = schema.get("properties", {})
            return {name: example(one, f"{seed}.{name}") for name, one in fields.items()}


# --- references


def expressed(value: Json) -> Json:
    """Write the references in a value as expressions."""
    match value:
        case str():
            return REFERENCE.sub(lambda found: f"${{{{ {expression(found)} }}}}", value)
        case list():
            return [expressed(one) for one in value]
        case dict():
            return {name: expressed(one) for name, one in value.items()}
        case _:
            return value


def expression(found: re.Match[str]) -> str:
    return found[1] + "".join(
        f"[{index}]" if index else f".{field}" if field.isidentifier() else f"['{field}']"
        for field, index in STEP.findall(found[2])
    )


def referred(value: Json) -> Iterator[re.Match[str]]:
    """All references in a value."""
    match value:
        case str():
            yield from REFERENCE.finditer(value)
        case list() | dict():
            for one in value.values() if isinstance(value, dict) else value:
                yield from referred(one)
        case _:
            return


# --- what the data set means, worked out without Interlock


def resolved(value: Json, outputs: dict[str, Json]) -> Json:
    """Put in what the references stand for."""
    match value:
        case str():
            whole = REFERENCE.fullmatch(value)
            if whole is not None:
                return look_up(whole, outputs)
            return REFERENCE.sub(lambda found: as_text(look_up(found, outputs)), value)
        case list():
            return [resolved(one, outputs) for one in value]
        case dict():
            return {name: resolved(one, outputs) for name, one in value.items()}
        case _:
            return value


def look_up(found: re.Match[str], outputs: dict[str, Json]) -> Json:
    here: Any = outputs[found[1]]
    for field, index in STEP.findall(found[2]):
        here = here[int(index)] if index else here[field]
    return here


def as_text(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def expected(plan: NestfulPlan, tools: dict[str, Tool]) -> tuple[list[Call], dict[str, Json]]:
    """The calls of a plan with what they are given, and what the plan yields."""
    outputs: dict[str, Json] = {}
    calls: list[Call] = []
    for step in plan.steps:
        arguments = {name: resolved(one, outputs) for name, one in step.arguments.items()}
        calls.append((step.tool, arguments))
        outputs[step.label] = tools[step.tool].answer(arguments)
    return calls, {name: resolved(one, outputs) for name, one in plan.yields.items()}
