"""The demo with a model at hand: it is asked, told what was wrong, and asked again."""

import json
from pathlib import Path

import pytest

from e2e.demo.endpoint import Body, Endpoint, said
from e2e.demo.process import ANSWERS, show_demo
from interlock.graph import read_text
from interlock.values import Json

STAND_IN = "stand in"


def shipped(name: str) -> Json:
    tree, _ = read_text((ANSWERS / name).read_bytes())
    return tree


def is_about_checks(body: Body) -> bool:
    return "Choose extra checks" in said(body)


class Model:
    """A model that errs first, as models do: once with its plan, and once with its checks."""

    def __init__(self) -> None:
        self.plans = [shipped("first.yaml"), shipped("second.yaml")]
        checks = json.dumps(shipped("checks.yaml"))
        self.checks = [checks.replace("check.syntax", "index.publish"), checks, checks]

    def __call__(self, body: Body) -> str:
        if is_about_checks(body):
            return self.checks.pop(0)
        return f"Here is the plan:\n```json\n{json.dumps(self.plans.pop(0))}\n```"


def test_the_model_is_asked_and_told_what_was_wrong(tmp_path: Path):
    with Endpoint(Model()).serving() as endpoint:
        shown = show_demo(tmp_path, OPENAI_BASE_URL=endpoint.url, INTERLOCK_MODEL="planner-1")
    assert shown.code == 0, shown.text
    assert f"planner-1 at {endpoint.url}" in shown.text
    assert shown.text.count("model planner-1") == 2
    assert STAND_IN not in shown.text
    assert "nothing was published twice" in shown.text

    plans = [body for body in endpoint.requests if not is_about_checks(body)]
    assert len(plans) == 2
    assert {body["model"] for body in endpoint.requests} == {"planner-1"}
    assert "IL2001" not in said(plans[0])
    assert "there is no action `index.upload`" in said(plans[1])
    assert "returns no field `path`" in said(plans[1])
    assert any(message["role"] == "assistant" for message in plans[1]["messages"])


@pytest.mark.slow
def test_what_the_model_proposes_inside_the_run_is_held_to_narrower_rules(tmp_path: Path):
    with Endpoint(Model()).serving() as endpoint:
        shown = show_demo(tmp_path, OPENAI_BASE_URL=endpoint.url, INTERLOCK_MODEL="planner-1")
    assert shown.code == 0, shown.text
    checks = [body for body in endpoint.requests if is_about_checks(body)]
    # The first run takes two: its first answer reaches for `index.publish`. The second takes one,
    # and none after it was killed, since what was proposed is in the journal.
    assert len(checks) == 3
    assert "IL2014" in said(checks[1])
    assert "IL2014" not in said(checks[2])
    log = (shown.workspace / "index" / "log.jsonl").read_text(encoding="utf-8")
    assert len(log.splitlines()) == 3


@pytest.mark.slow
def test_a_model_that_nobody_names_is_the_first_that_is_listed(tmp_path: Path):
    with Endpoint(Model()).serving() as endpoint:
        shown = show_demo(tmp_path, OPENAI_BASE_URL=endpoint.url, OPENAI_API_KEY="a-key")
    assert shown.code == 0, shown.text
    assert endpoint.listed == 1
    assert {body["model"] for body in endpoint.requests} == {"tiny-model"}
    assert endpoint.keys == {"Bearer a-key"}
    assert "a-key" not in shown.text


@pytest.mark.slow
def test_a_key_alone_asks_nobody(tmp_path: Path):
    shown = show_demo(tmp_path, OPENAI_API_KEY="a-key")
    assert shown.code == 0, shown.text
    assert "INTERLOCK_MODEL does not say which" in shown.text
    assert STAND_IN in shown.text


@pytest.mark.slow
@pytest.mark.parametrize("answer", ["I would rather not.", "{}", '{"interlock": 1', 503, 401])
def test_files_stand_in_when_no_plan_comes(answer: str | int, tmp_path: Path):
    with Endpoint(lambda _: answer).serving() as endpoint:
        shown = show_demo(tmp_path, OPENAI_BASE_URL=endpoint.url, INTERLOCK_MODEL="planner-1")
    assert shown.code == 0, shown.text
    assert "Traceback" not in shown.text
    assert "No plan came of that; from here on, shipped files stand in" in shown.text
    assert "nothing was published twice" in shown.text
    assert not any(is_about_checks(body) for body in endpoint.requests)


@pytest.mark.slow
def test_an_endpoint_that_is_not_there_is_no_end(tmp_path: Path):
    shown = show_demo(tmp_path, OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    assert shown.code == 0, shown.text
    assert STAND_IN in shown.text
