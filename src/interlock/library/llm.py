"""`llm.json` and `llm.graph`: models that answer with a value, or with a graph."""

from collections.abc import Iterator, Mapping

from interlock.actions import Action, Bounds, Context, Manifest, ProposalRules, declare
from interlock.errors import UsageError
from interlock.graph import model_schema, read_proposal, to_document
from interlock.library.chat import (
    Endpoint,
    Message,
    ModelFailed,
    ModelRefused,
    Question,
    ask,
    json_in,
)
from interlock.library.texts import excerpt
from interlock.values import Checker, Json, Schema, canonical, describe

TIMEOUT_MS = 300_000
TOKENS_LIMIT = 1_000_000
PROBLEMS_MAX = 8
VALUE_CHARS_MAX = 4_000
VERSION = "1"
REPAIR = "with `retry: {attempts: 3, feedback: true}` the model hears what was wrong"
OBJECT: dict[str, Json] = {"type": "object"}

COMMON: dict[str, Json] = {
    "system": {"type": "string", "default": "", "description": "what the model is told first"},
    "model": {
        "type": "string",
        "default": "",
        "description": "the name of the model; empty: INTERLOCK_MODEL",
    },
    "temperature": {"type": ["number", "null"], "minimum": 0, "maximum": 2, "default": None},
    "tokens_max": {
        "type": ["integer", "null"],
        "minimum": 1,
        "maximum": TOKENS_LIMIT,
        "default": None,
        "description": "limit of the answer",
    },
}

PLANNER = """\
You plan. You answer with a graph of calls, which is checked and then executed; nothing you write is
executed in any other way. Use only the actions below. Refer to the output of a node by its id, such
as {"ref": "page.body"}, and to an input as {"ref": "inputs.NAME"}. Nodes that do not refer to each
other run at the same time. Give the result under `outputs`."""


class AnswerRefused(ModelFailed):
    """The answer is not what was asked for; the next attempt may do better with this message."""


def llm(endpoint: Endpoint) -> tuple[Action[..., object], ...]:
    """Make the actions for models of an endpoint."""
    return (make_json(endpoint), make_graph(endpoint))


# --- llm.json


def make_json(endpoint: Endpoint) -> Action[..., object]:
    """Make `llm.json`."""

    async def json(
        *,
        prompt: str,
        ctx: Context,
        system: str = "",
        schema: Schema = OBJECT,
        model: str = "",
        temperature: float | None = None,
        tokens_max: int | None = None,
    ) -> Json:
        """Ask a model for a JSON value that satisfies a schema."""
        checker = Checker(schema)
        _check_schema(checker)
        question = Question(
            model=endpoint.model_of(model),
            messages=[*_opening(system), Message(role="user", content=prompt), *_repair(ctx)],
            schema=schema,
            temperature=temperature,
            tokens_max=tokens_max,
        )
        text = await ask(endpoint, question, ctx)
        try:
            value = json_in(text)
        except ValueError as error:
            told = f"the answer is no JSON ({error}); it was: {excerpt(text)}"
            raise AnswerRefused(told, hint=REPAIR) from error
        problems = checker.problems(value, limit=PROBLEMS_MAX)
        if problems:
            told = "; ".join(str(problem) for problem in problems)
            raise AnswerRefused(
                f"the answer does not satisfy the schema: {told}; it was: {excerpt(text)}",
                hint=REPAIR,
            )
        return value

    properties: dict[str, Json] = {
        "prompt": {"type": "string", "description": "what the model is asked"},
        "schema": {
            "type": ["object", "boolean"],
            "default": OBJECT,
            "description": "JSON Schema of the answer",
        },
        **COMMON,
    }
    arguments: Schema = {
        "type": "object",
        "properties": properties,
        "required": ["prompt"],
        "additionalProperties": False,
    }
    return declare(
        "llm.json",
        json,
        effect="read",
        version=VERSION,
        bounds=Bounds(metered=True, timeout_ms_max=TIMEOUT_MS),
        arguments=arguments,
    )


def _check_schema(checker: Checker) -> None:
    """Refuse a schema that is none before anything is paid for."""
    try:
        checker.accepts(None)
    except UsageError as error:
        told = f"`schema` is no JSON Schema: {error.message}"
        raise ModelRefused(told, hint=error.hint) from error


def _opening(system: str) -> list[Message]:
    return [Message(role="system", content=system)] if system else []


def _repair(ctx: Context) -> Iterator[Message]:
    """Tell the model what it answered last, and what was wrong with it."""
    if not ctx.feedback:
        return
    if ctx.previous is not None:
        last = ctx.previous
        shown = last if isinstance(last, str) else canonical(last).decode()
        yield Message(role="assistant", content=shown)
    told = "\n".join(f"- {line}" for line in ctx.feedback)
    yield Message(
        role="user",
        content=f"Your last answer was refused:\n\n{told}\n\nAnswer again, with all of it.",
    )


# --- llm.graph


def make_graph(endpoint: Endpoint) -> Action[..., object]:
    """Make `llm.graph`."""

    async def graph(
        *,
        goal: str,
        ctx: Context,
        system: str = "",
        model: str = "",
        temperature: float | None = None,
        tokens_max: int | None = None,
        **inputs: Json,
    ) -> Json:
        """Ask a model for a graph that reaches a goal; for `propose` nodes."""
        rules = ctx.proposal
        if rules is None:
            told = "`llm.graph` is called by a `propose` node, which says what the graph may use"
            hint = "write `propose: llm.graph` in place of `call: llm.graph`"
            raise ModelRefused(told, hint=hint)
        given = {"goal": goal, **inputs}
        messages = [
            Message(role="system", content="\n\n".join(_planner(rules, given, system))),
            Message(role="user", content=f"The goal: {goal}"),
            *_repair(ctx),
        ]
        question = Question(
            model=endpoint.model_of(model),
            messages=messages,
            schema=_graph_schema(rules, given),
            temperature=temperature,
            tokens_max=tokens_max,
        )
        return normalised(await ask(endpoint, question, ctx))

    properties: dict[str, Json] = {
        "goal": {"type": "string", "description": "what the graph is for"},
        **COMMON,
    }
    arguments: Schema = {
        "type": "object",
        "properties": properties,
        "required": ["goal"],
        "additionalProperties": True,
    }
    return declare(
        "llm.graph",
        graph,
        effect="read",
        version=VERSION,
        bounds=Bounds(metered=True, timeout_ms_max=TIMEOUT_MS),
        arguments=arguments,
    )


def normalised(text: str) -> Json:
    """Give the document of the graph in an answer.

    Or the answer itself: what is wrong with it is said by the plan, which knows what it may use.
    """
    try:
        tree = json_in(text)
    except ValueError:
        return text
    found, _ = read_proposal(tree)
    return tree if found is None else to_document(found)


def _graph_schema(rules: ProposalRules, given: Mapping[str, Json]) -> Schema:
    try:
        return model_schema(rules.actions, inputs=given.keys())
    except UsageError as error:
        raise ModelRefused(error.message, hint=error.hint) from error


def _planner(rules: ProposalRules, given: Mapping[str, Json], system: str) -> Iterator[str]:
    """Say what the model may use, and what is wanted."""
    yield PLANNER
    yield "Actions:\n" + "\n".join(_told(manifest) for _, manifest in sorted(rules.actions.items()))
    yield "Inputs:\n" + "\n".join(_input(name, value) for name, value in given.items())
    if rules.returns not in (True, {}):
        schema = canonical(rules.returns).decode()
        yield f"The outputs must satisfy this JSON Schema: {schema}"
    if system:
        yield system


def _told(manifest: Manifest) -> str:
    words = f": {manifest.description}" if manifest.description else ""
    return f"- {manifest.name} [{manifest.effect}]{words} Returns {describe(manifest.returns)}."


def _input(name: str, value: Json) -> str:
    return f"- {name} = {excerpt(canonical(value).decode(), limit=VALUE_CHARS_MAX)}"


llm_json = make_json(Endpoint())
llm_graph = make_graph(Endpoint())
