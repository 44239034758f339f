"""One question to a model behind an OpenAI-compatible endpoint, with an answer in JSON.

Endpoints differ in what they take. The strictest form of a request is tried first, and what an
endpoint refuses is left out in the next one: a refused request costs nothing.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from interlock.actions import Context
from interlock.errors import Permanent, RetryLater, UsageError
from interlock.library.exchange import Answer, Outgoing, check_url, exchange
from interlock.library.later import asked_wait_ms, wait_told
from interlock.library.texts import excerpt, read_json
from interlock.values import Json, Schema, canonical, encode

BASE_URL = "https://api.openai.com/v1"
BASE_URL_VARIABLE = "OPENAI_BASE_URL"
KEY_VARIABLE = "OPENAI_API_KEY"
MODEL_VARIABLE = "INTERLOCK_MODEL"
ANSWER_BYTES_MAX = 8 << 20
BASE_HINT = f"{BASE_URL_VARIABLE} is the address of an OpenAI-compatible endpoint, up to its `/v1`"
HINTS: Mapping[int, str] = {
    401: f"check {KEY_VARIABLE}, or the secret that stands in its place",
    403: f"check {KEY_VARIABLE}, and what it may be used for",
    404: f"check the name of the model; {BASE_HINT}",
}
TOO_LARGE = "ask for less; `tokens_max` bounds an answer"
MASK = "***"
# Another try may get another answer.
TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
REFUSING = frozenset({400, 404, 415, 422, 501})

Shape: TypeAlias = Literal["json_schema", "json_object", "text"]
Role = Literal["system", "user", "assistant"]
WEAKER: dict[Shape, Shape] = {"json_schema": "json_object", "json_object": "text"}
NEW_LIMIT = "max_completion_tokens"
STRICT = frozenset(
    {
        *("type", "properties", "required", "additionalProperties", "items", "anyOf", "enum"),
        *("const", "$ref", "$defs", "description", "title"),
    }
)
FENCED = re.compile(r"```[\w-]*\s*\n(.*?)\n?\s*```", re.DOTALL)
THOUGHT = re.compile(r"\s*<think>.*?</think>", re.DOTALL)
SAYS_SHAPE = re.compile(
    r"response_format|json_schema|json schema|schema|structured|grammar|json_object", re.IGNORECASE
)


class ModelFailed(RetryLater):
    """No usable answer came; another try may get one."""


class ModelRefused(ModelFailed, Permanent):
    """The endpoint or the model refuses; another try would be refused again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where models are asked. What is empty is read from the environment at each call.

    Attributes:
        base_url: such as `http://localhost:8000/v1`; else `OPENAI_BASE_URL`, else OpenAI's.
        model: the model that is asked when a node names none; else `INTERLOCK_MODEL`.
        secret: the name of the secret that holds the key; without it, `OPENAI_API_KEY` does.
    """

    base_url: str = ""
    model: str = ""
    secret: str = "openai_api_key"  # noqa: S105 - the name of one

    @property
    def url(self) -> str:
        """The address of chat completions."""
        base = self.base_url or os.environ.get(BASE_URL_VARIABLE) or BASE_URL
        return f"{base.rstrip('/')}/chat/completions"

    def model_of(self, named: str) -> str:
        """Give the model to ask.

        Raises:
            ModelRefused: none is named.
        """
        found = named or self.model or os.environ.get(MODEL_VARIABLE)
        if not found:
            hint = f"give `model`, or set {MODEL_VARIABLE}"
            raise ModelRefused("no model is named", hint=hint)
        return found

    def key(self, ctx: Context) -> str:
        """Give the key, or nothing when there is none: servers of one's own may need none."""
        try:
            return ctx.secret(self.secret)
        except UsageError:
            return os.environ.get(KEY_VARIABLE, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a chat."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a model is asked, and the schema of its answer."""

    model: str
    messages: Sequence[Message]
    schema: Schema
    temperature: float | None = None
    tokens_max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What an endpoint is thought to understand."""

    shape: Shape = "json_schema"
    limit: str = "max_tokens"
    temperature: bool = True


async def ask(endpoint: Endpoint, question: Question, ctx: Context) -> str:
    """Ask, and return the text of the answer. What it consumed is reported to the context.

    Raises:
        ModelFailed: no usable answer came.
        NotApplied: nothing was sent.
    """
    key = endpoint.key(ctx)
    check_url(endpoint.url, hosts=("*",), secret=bool(key))
    if not key and endpoint.url.startswith(BASE_URL):
        hint = f"set {KEY_VARIABLE}, or INTERLOCK_SECRET_OPENAI_API_KEY"
        raise ModelRefused("there is no key", hint=hint)
    headers = {"content-type": "application/json", "accept": "application/json"}
    if key:
        headers["authorization"] = f"Bearer {key}"
    dialect = first_dialect(question)
    while True:
        body = encode(payload(question, dialect))
        request = Outgoing(
            method="POST",
            url=endpoint.url,
            headers=headers,
            body=body,
            bytes_max=ANSWER_BYTES_MAX,
            cure=TOO_LARGE,
        )
        answer = masked(await exchange(request, ctx), key)
        other = adapted(dialect, answer, question)
        if other is None:
            return content_of(answer, question, ctx)
        dialect = other


def masked(answer: Answer, key: str) -> Answer:
    """Mask the key where an endpoint repeats it."""
    if not key:
        return answer
    return replace(answer, data=answer.data.replace(key.encode(), MASK.encode()))


# --- what is asked


def payload(question: Question, dialect: Dialect) -> Json:
    """Write a request in a dialect."""
    messages: list[Json] = [
        {"role": each.role, "content": each.content} for each in question.messages
    ]
    if dialect.shape != "json_schema":
        messages.insert(0, {"role": "system", "content": _in_words(question.schema)})
    found: dict[str, Json] = {"model": question.model, "messages": messages}
    if dialect.shape == "json_schema":
        named: Json = {
            "name": "answer",
            "schema": question.schema,
            "strict": is_strict(question.schema),
        }
        found["response_format"] = {"type": "json_schema", "json_schema": named}
    elif dialect.shape == "json_object":
        found["response_format"] = {"type": "json_object"}
    if question.temperature is not None and dialect.temperature:
        found["temperature"] = question.temperature
    if question.tokens_max is not None:
        found[dialect.limit] = question.tokens_max
    return found


def first_dialect(question: Question) -> Dialect:
    """Give the dialect that is tried first."""
    return Dialect() if isinstance(question.schema, dict) else Dialect(shape="json_object")


def _in_words(schema: Schema) -> str:
    told = "Answer with one JSON value that satisfies this JSON Schema, and nothing else:"
    return f"{told}\n\n{canonical(schema).decode()}"


def is_strict(schema: Json) -> bool:
    """Say whether strict output takes a schema: objects are closed, their fields required."""
    if not isinstance(schema, dict) or schema.keys() - STRICT:
        return False
    properties, required = schema.get("properties", {}), schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list):
        return False
    if schema.get("type") == "object" or properties:
        closed = schema.get("additionalProperties") is False
        if not closed or [*sorted(properties)] != sorted(map(str, required)):
            return False
    several = schema.get("anyOf", [])
    inner = [*properties.values(), *(several if isinstance(several, list) else [several])]
    inner += [schema["items"]] if "items" in schema else []
    inner += _table(schema.get("$defs")).values()
    return all(is_strict(each) for each in inner)


def adapted(dialect: Dialect, answer: Answer, question: Question) -> Dialect | None:
    """Give the dialect to try next, when an endpoint did not understand this one.

    Each step gives something up, so that there are few.
    """
    if answer.status not in REFUSING:
        return None
    said = answer.data.decode("utf-8", "replace")
    limited = question.tokens_max is not None and dialect.limit != NEW_LIMIT
    if limited and NEW_LIMIT in said:
        return replace(dialect, limit=NEW_LIMIT)
    if question.temperature is not None and dialect.temperature and "temperature" in said:
        return replace(dialect, temperature=False)
    if SAYS_SHAPE.search(said) and dialect.shape in WEAKER:
        return replace(dialect, shape=WEAKER[dialect.shape])
    return None


# --- what comes back


def content_of(answer: Answer, question: Question, ctx: Context) -> str:
    """Take the text out of an answer, and report what it consumed.

    Raises:
        ModelFailed: there is none.
    """
    said = answer.data.decode("utf-8", "replace")
    if answer.status != 200:
        raise _unanswered(answer, said, now_ms=ctx.now())
    try:
        tree = _table(read_json(said))
    except ValueError as error:
        told = f"the endpoint answered no JSON ({error}): {excerpt(said)}"
        raise ModelFailed(told, hint=BASE_HINT) from error
    _report(_table(tree.get("usage")), ctx)
    choices = tree.get("choices")
    choice = _table(choices[0]) if isinstance(choices, list) and choices else {}
    message = _table(choice.get("message"))
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        raise ModelRefused(f"`{question.model}` refuses: {excerpt(refusal)}")
    match choice.get("finish_reason"):
        case "length":
            told = f"the answer of `{question.model}` was cut off"
            raise ModelFailed(told, hint="raise `tokens_max`, or ask for less")
        case "content_filter":
            raise ModelRefused(f"the answer of `{question.model}` was stopped by a filter")
        case _:
            pass
    text = _text(message.get("content"))
    if not text.strip():
        raise ModelFailed(f"`{question.model}` answered nothing: {excerpt(said)}")
    return text


def _unanswered(answer: Answer, said: str, *, now_ms: int) -> ModelFailed:
    if answer.status not in TRANSIENT:
        told = f"the endpoint answered {answer.line}: {excerpt(said)}"
        return ModelRefused(told, hint=HINTS.get(answer.status, ""))
    after_ms = asked_wait_ms(answer, now_ms=now_ms)
    told = f"the endpoint answered {answer.line}{wait_told(after_ms)}: {excerpt(said)}"
    return ModelFailed(told, after_ms=after_ms)


def _text(content: Json) -> str:
    if isinstance(content, list):
        parts = [_table(part).get("text") for part in content]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _report(usage: Mapping[str, Json], ctx: Context) -> None:
    total = _count(usage.get("total_tokens"))
    parts = _count(usage.get("prompt_tokens")) + _count(usage.get("completion_tokens"))
    ctx.usage(tokens=total or parts)


def _count(value: Json) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _table(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def json_in(text: str) -> Json:
    """Read the JSON value in an answer; models like to put it into a fence, or words around it.

    What a model thought aloud before it answered is left out: there may be JSON in it, too.

    Raises:
        ValueError: there is none.
    """
    thought = THOUGHT.match(text)
    text = text[thought.end() :] if thought is not None else text
    fenced = FENCED.search(text)
    first, last = text.find("{"), text.rfind("}")
    candidates = [text, *([fenced[1]] if fenced else []), text[first : last + 1]]
    problem: ValueError | None = None
    for candidate in candidates:
        try:
            return read_json(candidate)
        except ValueError as error:
            problem = problem or error
    raise problem or ValueError("there is none")
