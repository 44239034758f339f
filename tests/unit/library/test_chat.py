"""What an endpoint is asked, and what is made of its answers; the wire is tested end to end."""

import json
from dataclasses import replace
from typing import Any, cast

import pytest

from interlock.actions import Context
from interlock.library.chat import (
    Dialect,
    Endpoint,
    Message,
    ModelFailed,
    ModelRefused,
    Question,
    adapted,
    content_of,
    first_dialect,
    is_strict,
    json_in,
    payload,
)
from interlock.library.exchange import Answer
from interlock.library.llm import normalised
from interlock.values import Digest, Json, Schema

CLOSED: Schema = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}


def question(schema: Schema = CLOSED, **more: Any) -> Question:
    return Question(model="m", messages=[Message(role="user", content="hi")], schema=schema, **more)


def answer(body: Json, *, status: int = 200) -> Answer:
    data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return Answer(status=status, reason="", url="", headers=(), data=data, truncated=False)


def said(content: Json, **more: Json) -> Json:
    return {"choices": [{"message": {"content": content}, "finish_reason": "stop", **more}]}


def context() -> Context:
    return Context(
        idempotency_key=Digest("sha256:00"),
        attempt_no=1,
        deadline_ms=1,
        now=lambda: 0,
        random=lambda: 0.5,
    )


@pytest.mark.parametrize(
    "schema, strict",
    [
        (CLOSED, True),
        ({"type": "object"}, False),
        ({**cast("dict[str, Json]", CLOSED), "required": []}, False),
        ({"type": "array", "items": CLOSED}, True),
        ({"type": "array", "items": {"type": "object"}}, False),
        ({"anyOf": [CLOSED, {"type": "null"}]}, True),
        ({"type": "string", "pattern": "x"}, False),
        ({"$defs": {"x": {"type": "object"}}, "$ref": "#/$defs/x"}, False),
        (True, False),
    ],
)
def test_strictness_is_asked_for_where_the_schema_allows_it(schema: Schema, *, strict: bool):
    assert is_strict(schema) is strict


def test_the_strictest_dialect_comes_first():
    body = cast("dict[str, Any]", payload(question(temperature=0.5, tokens_max=9), Dialect()))
    assert body == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": CLOSED, "strict": True},
        },
        "temperature": 0.5,
        "max_tokens": 9,
    }
    assert first_dialect(question(True)).shape == "json_object"


def test_a_schema_that_cannot_be_sent_is_told_in_words():
    body = cast("dict[str, Any]", payload(question(), Dialect(shape="text")))
    assert "response_format" not in body
    assert body["messages"][0]["role"] == "system"
    assert '"additionalProperties":false' in body["messages"][0]["content"]


@pytest.mark.parametrize(
    "words, dialect, other",
    [
        ("unknown field response_format", Dialect(), Dialect(shape="json_object")),
        ("json_object is not supported", Dialect(shape="json_object"), Dialect(shape="text")),
        ("bad schema", Dialect(shape="text"), None),
        ("use max_completion_tokens", Dialect(), Dialect(limit="max_completion_tokens")),
        ("temperature is not supported", Dialect(), Dialect(temperature=False)),
        ("the prompt is too long", Dialect(), None),
    ],
)
def test_what_is_not_understood_is_given_up(words: str, dialect: Dialect, other: Dialect | None):
    full = question(temperature=0.5, tokens_max=9)
    assert adapted(dialect, answer(words, status=400), full) == other
    assert adapted(dialect, answer(words, status=200), full) is None
    assert adapted(dialect, answer(words, status=500), full) is None


def test_giving_up_comes_to_an_end():
    dialect: Dialect | None = Dialect()
    words = answer("max_completion_tokens temperature response_format", status=400)
    for count in range(10):
        dialect = adapted(dialect, words, question(temperature=0.5, tokens_max=9))
        if dialect is None:
            assert count == 4
            return
    pytest.fail("it never ends")


def test_an_endpoint_says_when_to_come_back():
    busy = replace(answer("busy", status=429), headers=(("retry-after", "7"),))
    with pytest.raises(ModelFailed) as caught:
        content_of(busy, question(), context())
    assert caught.value.after_ms == 7_000
    assert "(it asks for a wait of 7 s): busy" in str(caught.value)


@pytest.mark.parametrize(
    "body, status, error, told",
    [
        ("busy", 429, ModelFailed, "answered 429: busy"),
        ("oops", 500, ModelFailed, "answered 500"),
        ("no", 401, ModelRefused, "answered 401"),
        ("<html>", 200, ModelFailed, "answered no JSON"),
        ([], 200, ModelFailed, "answered nothing"),
        ({"choices": []}, 200, ModelFailed, "answered nothing"),
        ({"choices": [3]}, 200, ModelFailed, "answered nothing"),
        (said(""), 200, ModelFailed, "answered nothing"),
        (said(None), 200, ModelFailed, "answered nothing"),
        (said("{", finish_reason="length"), 200, ModelFailed, "was cut off"),
        (said("", finish_reason="content_filter"), 200, ModelRefused, "filter"),
        ({"choices": [{"message": {"refusal": "I will not"}}]}, 200, ModelRefused, "I will not"),
    ],
)
def test_answers_that_are_none(body: Json, status: int, error: type[Exception], told: str):
    with pytest.raises(error, match=told) as caught:
        content_of(answer(body, status=status), question(), context())
    assert type(caught.value) is error


@pytest.mark.parametrize(
    "usage, tokens",
    [
        ({"total_tokens": 12}, 12),
        ({"prompt_tokens": 3, "completion_tokens": 4}, 7),
        ({"total_tokens": -1}, 0),
        ({"total_tokens": True}, 0),
        ({"total_tokens": "12"}, 0),
        (None, 0),
    ],
)
def test_usage_is_what_the_endpoint_says(usage: Json, tokens: int):
    ctx = context()
    body = {**cast("dict[str, Json]", said("{}")), "usage": usage}
    assert content_of(answer(body), question(), ctx) == "{}"
    assert ctx.usage_total.tokens == tokens


def test_content_may_come_in_parts():
    parts: Json = [{"type": "text", "text": "{"}, {"type": "text", "text": "}"}, {"type": "x"}]
    assert content_of(answer(said(parts)), question(), context()) == "{}"


@pytest.mark.parametrize(
    "text, value",
    [
        ('{"a": 1}', {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('Here it is:\n\n```\n{"a": 1}\n```\nGood luck!', {"a": 1}),
        ('<think>hm</think> {"a": {"b": 2}} done', {"a": {"b": 2}}),
        ('\n<think>{"a": 1}?\n```\n[2]\n```</think>\n\n[1]', [1]),
        ('<think></think>\n```json\n"x"\n```', "x"),
        ('{"a": "<think>no</think>"}', {"a": "<think>no</think>"}),
        ("[1]", [1]),
    ],
)
def test_json_is_found_among_words(text: str, value: Json):
    assert json_in(text) == value


@pytest.mark.parametrize("text", ["", "no", "{", '{"a": 1', '{"a": 1} {"b": 2}', "{'a': 1}"])
def test_what_is_no_json_is_not_guessed(text: str):
    with pytest.raises(ValueError, match=r"Expecting|Extra"):
        json_in(text)


def test_a_proposed_graph_is_normalised_or_left_for_the_plan_to_refuse():
    form = {"interlock": 1, "name": "x", "nodes": [{"id": "a", "call": "b", "with": {}}]}
    assert normalised(json.dumps(form)) == {
        "interlock": 1,
        "name": "x",
        "nodes": {"a": {"call": "b"}},
    }
    assert normalised('{"nodes": []}') == {"nodes": []}
    assert normalised("I am sorry") == "I am sorry"


def test_an_endpoint_reads_the_environment_when_it_is_asked(monkeypatch: pytest.MonkeyPatch):
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "INTERLOCK_MODEL"):
        monkeypatch.delenv(name, raising=False)
    endpoint = Endpoint()
    assert endpoint.url == "https://api.openai.com/v1/chat/completions"
    assert endpoint.key(context()) == ""
    with pytest.raises(ModelRefused, match="no model is named") as caught:
        endpoint.model_of("")
    assert caught.value.hint == "give `model`, or set INTERLOCK_MODEL"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://localhost:1/v1/")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    monkeypatch.setenv("INTERLOCK_MODEL", "small")
    assert endpoint.url == "http://localhost:1/v1/chat/completions"
    assert (endpoint.key(context()), endpoint.model_of("")) == ("k", "small")
    assert Endpoint(model="own").model_of("") == "own"
    assert Endpoint(model="own").model_of("named") == "named"
