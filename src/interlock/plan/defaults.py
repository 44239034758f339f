"""Defaults of inputs: who gives nothing must not be refused for it when the run starts."""

from collections.abc import Mapping

from interlock.plan.literals import instead_of, value_at
from interlock.plan.schemas import escaped, has_default
from interlock.plan.site import Site
from interlock.values import Json, Schema


def check_defaults(site: Site, inputs: Mapping[str, Schema]) -> None:
    """Check that each default is what its own schema takes.

    Not in a proposal: whether one is refused is recorded, and a replay must find the same.
    """
    if site.around.catalog.narrowed_by_proposal:
        return
    for name, schema in inputs.items():
        if isinstance(schema, dict) and has_default(schema):
            _check(site, name, schema)


def _check(site: Site, name: str, schema: dict[str, Json]) -> None:
    default, memory = schema["default"], site.around.memory
    checker = memory.checker(schema)
    for problem in checker.problems(default) if checker is not None else ():
        steps = tuple(
            int(step) if step.isdecimal() else step.replace("~1", "/").replace("~0", "~")
            for step in problem.pointer.split("/")[1:]
        )
        site.problems.error(
            "IL2006",
            f"the default of input `{name}`: {problem.message}",
            at=f"/inputs/{escaped(name)}/default{problem.pointer}",
            hint=instead_of(value_at(default, steps), memory.select(schema, steps).schema),
        )
