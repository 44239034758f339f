"""A fake OpenAI-compatible server: what models are asked, and what is made of what they say."""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from e2e.library.running import lone, run
from e2e.library.servers import Reply, Server, as_json, in_turn, serving
from interlock.actions import Context, Registry, action
from interlock.graph import to_model_form
from interlock.journal import (
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    NodeSettled,
    ProposalAccepted,
    ProposalRefused,
)
from interlock.library import Endpoint, library
from interlock.store import open_store
from interlock.values import Json

KEY = "sk-very-secret-0123456789"
ANSWER = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def said(content: Any, *, tokens: int = 10, **more: Any) -> Reply:
    """Answer as a model that says this."""
    text = content if isinstance(content, str) else json.dumps(content)
    choice = {"index": 0, "finish_reason": "stop", "message": {"content": text}, **more}
    return as_json({"choices": [choice], "usage": {"total_tokens": tokens}})


def actions(server: Server) -> Registry:
    return library(endpoint=Endpoint(base_url=f"{server.url}/v1", model="small"))


def question(**more: Any) -> dict[str, Any]:
    return lone("llm.json", {"prompt": "How many?", "schema": ANSWER, **more})


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


async def test_a_model_answers_with_a_value():
    with serving(in_turn(said({"n": 3}))) as server:
        document = question(system="Be brief.", temperature=0.5, tokens_max=9, model="large")
        result = await run(document, registry=actions(server))
    assert result.output == {"n": 3}
    (request,) = server.received
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.json == {
        "model": "large",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "How many?"},
        ],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": ANSWER, "strict": False},
        },
        "temperature": 0.5,
        "max_tokens": 9,
    }


async def test_the_environment_says_where_and_whom_to_ask(monkeypatch: pytest.MonkeyPatch):
    with serving(in_turn(said({"n": 3}))) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1/")
        monkeypatch.setenv("INTERLOCK_MODEL", "from-environment")
        assert (await run(question())).output == {"n": 3}
    assert server.received[0].json["model"] == "from-environment"


async def test_a_server_of_ones_own_needs_no_key(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with serving(in_turn(said({"n": 3}))) as server:
        assert (await run(question(), registry=actions(server))).status == "succeeded"
    assert "authorization" not in server.received[0].headers
    result = await run(question(), registry=library(endpoint=Endpoint(model="m")))
    assert "there is no key" in result.failure
    assert result.hint.startswith("set OPENAI_API_KEY, or ")


async def test_what_an_endpoint_refuses_is_left_out():
    def picky(request: Any) -> Reply:
        kind = request.json.get("response_format", {}).get("type")
        if kind == "json_schema":
            return as_json({"error": {"message": "response_format json_schema: unknown"}}, 400)
        if kind == "json_object":
            return as_json({"detail": "Extra inputs are not permitted: response_format"}, 422)
        return said('Sure!\n```json\n{"n": 3}\n```')

    with serving(picky) as server:
        result = await run(question(), registry=actions(server))
    assert result.output == {"n": 3}
    last = server.received[2].json
    assert "response_format" not in last
    assert '"required":["n"]' in last["messages"][0]["content"]


@pytest.mark.parametrize(
    "first, told",
    [
        (said('{"n": "three"}'), "/n"),
        (said('{"n": 3'), "the answer is no JSON"),
        (said("I think it is three"), "the answer is no JSON"),
        (said('{"n": 3', finish_reason="length"), "was cut off"),
        (said(""), "answered nothing"),
        (as_json({"error": "slow down"}, 429), "answered 429"),
        (Reply(status=500, body=b"oops"), "answered 500 Internal Server Error: oops"),
        (Reply(body=b"<html>"), "answered no JSON"),
        (Reply(raw=b""), "ExchangeFailed"),
    ],
)
async def test_another_attempt_hears_what_was_wrong(first: Reply, told: str):
    with serving(in_turn(first, said({"n": 3}))) as server:
        document = question()
        document["nodes"]["it"]["retry"] = {"attempts": 2, "delay": "1ms", "feedback": True}
        result = await run(document, registry=actions(server))
    assert result.output == {"n": 3}
    (failed,) = result.events(AttemptFailed)
    assert told in failed.error.message
    last = server.received[1].json["messages"][-1]
    assert last["role"] == "user"
    assert last["content"].startswith("Your last answer was refused:")
    assert told in last["content"]


@pytest.mark.parametrize(
    "reply, told",
    [
        (as_json({"error": {"message": "Incorrect API key provided"}}, 401), "answered 401"),
        (as_json({"error": {"message": "no such model"}}, 404), "no such model"),
        (said("", finish_reason="content_filter"), "stopped by a filter"),
        (said("", message={"refusal": "I will not do that"}), "I will not do that"),
    ],
)
async def test_what_would_be_refused_again_is_not_tried_again(reply: Reply, told: str):
    with serving(in_turn(reply)) as server:
        document = question()
        document["nodes"]["it"]["retry"] = {"attempts": 3, "delay": "1ms"}
        result = await run(document, registry=actions(server))
    assert told in result.failure
    assert len(server.received) == 1


async def test_a_schema_that_is_none_is_refused_before_anything_is_paid():
    with serving(in_turn(said({}))) as server:
        result = await run(question(schema={"type": "objekt"}), registry=actions(server))
        assert "`schema` is no JSON Schema" in result.failure
        assert not server.received


async def test_a_slow_model_fails_its_attempt():
    with serving(in_turn(Reply(hang=True))) as server:
        document = {**question(), "defaults": {"timeout": "100ms"}}
        assert (await run(document, registry=actions(server))).failure.startswith("IL6002")


async def test_tokens_are_counted_of_attempts_that_failed_too():
    with serving(in_turn(said("no", tokens=100), said({"n": 3}, tokens=20))) as server:
        document = question()
        document["nodes"]["it"]["retry"] = {"attempts": 2, "delay": "1ms"}
        result = await run(document, registry=actions(server))
    assert result.events(NodeSettled)[0].tokens == 120


async def test_a_model_is_asked_after_its_intent_is_durable():
    """It costs: it does not run ahead of the journal."""
    with serving(in_turn(said({"n": 3}))) as server:
        result = await run(question(), registry=actions(server))
    kinds = [type(event) for event in result.journal]
    assert kinds.index(AttemptStarted) < kinds.index(AttemptReturned) < kinds.index(NodeSettled)


def bytes_below(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("through", ["environment", "secret"])
async def test_no_byte_of_the_journal_holds_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, through: str
):
    """Not even when the endpoint repeats it, in an answer and in an error."""
    echo = {"n": 3, "key": KEY, KEY: [f"Bearer {KEY}"]}
    replies = in_turn(
        as_json({"error": {"message": f"{KEY} is out of quota"}}, 429),
        said(f"no JSON but {KEY}"),
        said(echo),
    )
    secrets = {}
    if through == "secret":
        monkeypatch.delenv("OPENAI_API_KEY")
        secrets = {"openai_api_key": KEY}
    store = open_store(str(tmp_path / "journal.db"))
    with serving(replies) as server:
        document = question()
        document["nodes"]["it"]["retry"] = {"attempts": 3, "delay": "1ms", "feedback": True}
        result = await run(document, registry=actions(server), store=store, secrets=secrets)
    store.close()
    assert result.output == {"n": 3, "key": "***", "***": ["Bearer ***"]}
    assert {request.headers["authorization"] for request in server.received} == {f"Bearer {KEY}"}
    assert KEY.encode() not in b"".join(request.body for request in server.received)
    stored = bytes_below(tmp_path)
    assert b"out of quota" in stored
    assert KEY.encode() not in stored


# --- llm.graph


@action(effect="read")
def count_words(text: str) -> int:
    """Count the words of a text."""
    return len(text.split())


@action(effect="write")
def erase(path: str) -> None:
    """Erase a file."""


GRAPH: dict[str, Any] = {
    "interlock": 1,
    "name": "plan",
    "inputs": {"text": {"type": "string"}},
    "nodes": {"words": {"call": "count_words", "with": {"text": "${{ inputs.text }}"}}},
    "outputs": {"count": "${{ words }}"},
}
RETURNS = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}


def proposing(**more: Any) -> dict[str, Any]:
    node = {
        "propose": "llm.graph",
        "with": {"goal": "count the words", "text": "a b c"},
        "actions": ["count_words"],
        "returns": RETURNS,
        **more,
    }
    return {"nodes": {"it": node}, "outputs": {"result": "${{ it.count }}"}}


def planner(server: Server) -> Registry:
    return actions(server) | Registry([count_words, erase])


def in_model_form(document: Json = None) -> dict[str, Json]:
    return to_model_form(document or GRAPH, Registry([count_words, erase]).manifests)


async def test_a_model_writes_a_graph_that_runs():
    form = in_model_form()
    with serving(in_turn(said(form))) as server:
        result = await run(proposing(), registry=planner(server))
    assert result.output == 3
    (request,) = server.received
    asked = request.json["response_format"]["json_schema"]
    assert asked["strict"] is True
    assert jsonschema_rs.is_valid(asked["schema"], form)
    assert [name for name in asked["schema"]["$defs"] if "call." in name] == ["call.count_words"]
    told = request.json["messages"][0]["content"]
    assert "- count_words [read]: Count the words of a text. Returns integer." in told
    assert '- text = "a b c"' in told
    assert '"required":["count"]' in told
    assert request.json["messages"][1]["content"] == "The goal: count the words"
    (accepted,) = result.events(ProposalAccepted)
    assert accepted.document.json == GRAPH


async def test_both_forms_make_the_same_execution():
    executions: set[object] = set()
    for answer in (GRAPH, in_model_form()):
        with serving(in_turn(said(answer))) as server:
            registry = planner(server)
            executions.add((await run(proposing(), registry=registry)).result.execution)
    assert len(executions) == 1


async def test_a_graph_that_is_refused_is_repaired():
    """The model sees its last answer, and what was wrong with each part of it."""
    wrong = json.loads(json.dumps(GRAPH).replace("count_words", "erase"))
    replies = in_turn(said("Let me think."), said(in_model_form(wrong)), said(in_model_form()))
    with serving(replies) as server:
        result = await run(proposing(repairs_max=2), registry=planner(server))
    assert result.output == 3
    refused = result.events(ProposalRefused)
    assert [event.codes[0] for event in refused] == ["IL1101", "IL2014"]
    _, second, third = (request.json["messages"] for request in server.received)
    assert second[-2] == {"role": "assistant", "content": "Let me think."}
    assert "the answer is no JSON" in second[-1]["content"]
    assert json.loads(third[-2]["content"])["nodes"]["words"]["call"] == "erase"
    assert "IL2014 at /nodes/words/call" in third[-1]["content"]


async def test_a_graph_that_stays_wrong_fails_the_node():
    with serving(in_turn(said({"interlock": 1, "name": "x", "nodes": []}))) as server:
        result = await run(proposing(repairs_max=1), registry=planner(server))
    assert result.failure.startswith("IL6014")
    assert len(server.received) == 2


async def test_llm_graph_is_for_proposals():
    with serving(in_turn(said(GRAPH))) as server:
        result = await run(lone("llm.graph", {"goal": "x"}), registry=planner(server))
        assert "is called by a `propose` node" in result.failure
        assert not server.received


async def test_an_action_of_ones_own_sees_the_rules_of_its_proposal():
    seen: list[Any] = []

    @action(effect="read")
    def plan(text: str, ctx: Context) -> dict[str, Any]:
        seen.append(ctx.proposal)
        return GRAPH

    document = proposing(propose="plan", **{"with": {"text": "a b"}})
    result = await run(document, registry=Registry([plan, count_words, erase]))
    assert result.output == 2
    assert [*seen[0].actions] == ["count_words"]
    assert seen[0].returns == RETURNS
