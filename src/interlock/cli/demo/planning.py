"""From an answer to a plan: what is refused here never runs, and the model is told why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from interlock.actions import Registry
from interlock.cli.demo.model import Answer, Source
from interlock.errors import Diagnostic, DocumentInvalid
from interlock.graph import draft
from interlock.plan import (
    CompiledCall,
    CompiledFirstOf,
    CompiledGate,
    CompiledGraph,
    CompiledGraphNode,
    CompiledMap,
    CompiledRepeat,
    CompiledWait,
    Plan,
    compile as compile_graph,
)

# What a release is, whoever plans it. The write stands once: the demo interrupts it.
NEEDED = ("tests.run", "index.publish", "install.verify")
WRITE = "index.publish"


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """A plan that may run, and the answer that it was compiled from."""

    plan: Plan
    answer: Answer


class Refusal(Protocol):
    """Hears of an answer that was refused, and whether it was the last one."""

    def __call__(self, answer: Answer, error: DocumentInvalid, *, is_last: bool) -> None: ...


def agree(source: Source, registry: Registry, refused: Refusal) -> Agreed | None:
    """Ask until an answer compiles; each refused one goes back with all that is wrong with it.

    Returns None when the source may not be asked again.

    Raises:
        ModelSilent: no answer came.
    """
    feedback: tuple[str, ...] = ()
    answer: Answer | None = None
    for left in reversed(range(source.tries)):
        answer = source.answer(feedback, answer.tree if answer is not None else None)
        try:
            return Agreed(plan=consider(answer, registry), answer=answer)
        except DocumentInvalid as error:
            refused(answer, error, is_last=left == 0)
            feedback = tuple(
                f"{each.code} at {each.pointer or '/'}: {each.message} (hint: {each.hint})"
                for each in error.diagnostics
                if each.severity == "error"
            )
    return None


def consider(answer: Answer, registry: Registry) -> Plan:
    """Compile an answer; nothing runs.

    Raises:
        DocumentInvalid: with all that is wrong.
    """
    read = draft(answer.text, file=answer.file)
    plan = compile_graph(read, registry)
    missing = tuple(_missing(plan))
    if missing:
        raise DocumentInvalid(missing, read.source)
    return plan


def _missing(plan: Plan) -> Iterator[Diagnostic]:
    """Say what keeps a plan from being a release."""
    calls = list(_calls(plan.root))
    for name in NEEDED:
        if name not in calls:
            yield Diagnostic(
                code="IL2016",
                message=f"the plan releases nothing: it does not call `{name}`",
                pointer="/nodes",
                hint=f"add a node that calls `{name}`",
            )
    if calls.count(WRITE) > 1:
        told = f"the plan calls `{WRITE}` {calls.count(WRITE)} times; a release publishes once"
        yield Diagnostic(code="IL2016", message=told, pointer="/nodes", hint="call it once")
    if not plan.root.accepts.accepts({**plan.root.defaults, "version": "1.3.0"}):
        yield Diagnostic(
            code="IL2016",
            message="the plan does not take the input `version` alone, as a string such as 1.3.0",
            pointer="/inputs",
            hint="declare it: inputs: {version: {type: string}}",
        )


def _calls(graph: CompiledGraph) -> Iterator[str]:
    for node in graph.nodes:
        match node:
            case CompiledCall():
                yield node.action.name
            case CompiledGraphNode() | CompiledMap() | CompiledRepeat():
                yield from _calls(node.body)
            case CompiledWait() | CompiledGate() | CompiledFirstOf():
                pass
