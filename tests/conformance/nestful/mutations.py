"""Plans of the data set, each broken in one place."""

import copy
from collections.abc import Callable
from typing import Any, TypeAlias

from conformance.nestful.audit import Wrong
from conformance.nestful.importer import (
    REFERENCE,
    NestfulPlan,
    Step,
    Tool,
    expression,
    referred,
)
from interlock.values import Json

Tools: TypeAlias = dict[str, Tool]
Mutant: TypeAlias = tuple[Any, Wrong]
Mutation: TypeAlias = Callable[[NestfulPlan, Tools, Any], Wrong | None]


def mutated(plan: NestfulPlan, tools: Tools, mutation: Mutation) -> Mutant | None:
    """The document of a plan with one thing wrong, and what must be told; None if it cannot be."""
    document: Any = copy.deepcopy(plan.document())
    if len(document["nodes"]) < len(plan.steps):
        return None
    wrong = mutation(plan, tools, document["nodes"])
    return None if wrong is None else (document, wrong)


def drop_a_field(plan: NestfulPlan, tools: Tools, nodes: Any) -> Wrong | None:
    """Read a field that the tool does not return."""
    labels = {step.label: step for step in plan.steps}
    for step in plan.steps:
        for name, value in step.arguments.items():
            found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
            if found is None or found[1] == step.label or "." not in found[2]:
                continue
            producer = labels.get(found[1])
            if producer is not None and producer.tool in tools:
                first = expression(found).partition(".")[2].partition("[")[0].partition(".")[0]
                nodes[step.label]["with"][name] = f"${{{{ {found[1]}.{first}_gone }}}}"
                return "IL2003", f"/nodes/{step.label}/with/{name}"
    return None


def forget_a_tool(plan: NestfulPlan, tools: Tools, nodes: Any) -> Wrong | None:
    """Call a tool that nobody knows."""
    first = plan.steps[0]
    nodes[first.label]["call"] = f"{first.tool}_gone"
    return "IL2001", f"/nodes/{first.label}/call"


def misspell_a_tool_argument(plan: NestfulPlan, tools: Tools, nodes: Any) -> Wrong | None:
    """Pass an argument under another name."""
    for step in plan.steps:
        for name in step.arguments:
            if step.tool in tools and f"{name}_x" not in _fields(tools[step.tool]):
                given = nodes[step.label]["with"]
                given[f"{name}_x"] = given.pop(name)
                return "IL2004", f"/nodes/{step.label}/with/{name}_x"
    return None


def leave_an_argument_out(plan: NestfulPlan, tools: Tools, nodes: Any) -> Wrong | None:
    """Leave out what the tool requires."""
    for step in plan.steps:
        required = _required(tools[step.tool]) if step.tool in tools else []
        unknown = [
            one
            for one in step.arguments
            if step.tool in tools
            if one not in _fields(tools[step.tool])
        ]
        given = [name for name in required if name in step.arguments]
        if given and not unknown:
            del nodes[step.label]["with"][given[0]]
            where = "/with" if nodes[step.label]["with"] else ""
            return "IL2005", f"/nodes/{step.label}{where}"
    return None


def write_another_type(plan: NestfulPlan, tools: Tools, nodes: Any) -> Wrong | None:
    """Write a literal of another type."""
    for step in plan.steps:
        for name, value in step.arguments.items():
            wanted: Any = _fields(tools[step.tool]).get(name) if step.tool in tools else None
            if wanted is not None and not list(referred(value)):
                nodes[step.label]["with"][name] = 7 if wanted["type"] == "string" else "seven"
                return "IL2006", f"/nodes/{step.label}/with/{name}"
    return None


def pass_another_type(plan: NestfulPlan, tools: Tools, nodes: Any) -> Wrong | None:
    """Pass on the whole answer of a tool where a scalar is wanted."""
    labels = {step.label: step for step in plan.steps}
    for step in plan.steps:
        for name, value in step.arguments.items():
            found = REFERENCE.fullmatch(value) if isinstance(value, str) else None
            wanted: Any = _fields(tools[step.tool]).get(name) if step.tool in tools else None
            known = found is not None and found[1] in labels and labels[found[1]].tool in tools
            if found is not None and known and wanted and wanted["type"] != "object":
                if found[1] == step.label:
                    continue
                nodes[step.label]["with"][name] = f"${{{{ {found[1]} }}}}"
                return "IL2008", f"/nodes/{step.label}/with/{name}"
    return None


def read_a_stranger(plan: NestfulPlan, tools: Tools, nodes: Any) -> Wrong | None:
    """Read what no node is called."""
    last = plan.steps[-1]
    nodes[last.label]["needs"] = ["var99"]
    return "IL2002", f"/nodes/{last.label}/needs/0"


def close_a_circle(plan: NestfulPlan, tools: Tools, nodes: Any) -> Wrong | None:
    """Let a call wait for one that waits for it."""
    for step in plan.steps:
        for producer in _read_by(step, plan):
            nodes[producer]["needs"] = [step.label]
            # The circle is told from its first id.
            first = min(producer, step.label)
            at = "needs/0" if first == producer else None
            return "IL1130", f"/nodes/{first}/{at}" if at else _place_of(step, producer)
    return None


def _read_by(step: Step, plan: NestfulPlan) -> list[str]:
    labels = {each.label for each in plan.steps}
    found = [one[1] for value in step.arguments.values() for one in referred(value)]
    return [label for label in found if label in labels and label != step.label]


def _place_of(step: Step, producer: str) -> str:
    def walk(value: Json, at: str) -> str | None:
        if isinstance(value, str):
            is_it = any(one[1] == producer for one in referred(value))
            return at if is_it else None
        items = (
            list(value.items())
            if isinstance(value, dict)
            else list(enumerate(value))
            if isinstance(value, list)
            else []
        )
        return next((hit for key, one in items if (hit := walk(one, f"{at}/{key}"))), None)

    return walk(dict(step.arguments), f"/nodes/{step.label}/with") or ""


def _fields(tool: Tool) -> dict[str, Any]:
    takes: Any = tool.takes
    return takes["properties"]


def _required(tool: Tool) -> list[str]:
    takes: Any = tool.takes
    return takes["required"]


MUTATIONS: dict[str, Mutation] = {
    each.__name__: each
    for each in (
        close_a_circle,
        drop_a_field,
        forget_a_tool,
        leave_an_argument_out,
        misspell_a_tool_argument,
        pass_another_type,
        read_a_stranger,
        write_another_type,
    )
}
