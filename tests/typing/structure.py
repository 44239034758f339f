"""Conditions, lists, proposals, bodies and options, typed as people write them."""

from dataclasses import dataclass
from typing import Any, assert_type

from interlock import (
    Mapped,
    Registry,
    Retry,
    Runtime,
    action,
    cel,
    choose,
    compile,  # noqa: A004 - as users write it
    contains,
    each,
    error_of,
    graph,
    open_store,
    optional,
    output_of,
    propose,
    size,
    status,
    when,
)


@dataclass
class Alert:
    severity: int
    owner: str
    tags: list[str]


@dataclass
class Fix:
    done: bool


@action(effect="read")
async def fetch_alert(alert_id: str) -> Alert:
    return Alert(severity=1, owner=alert_id, tags=[])


@action("oncall.page", key="who")
def page(who: str, text: str = "wake up") -> str:
    return who + text


@action(effect="pure")
def weigh(tag: str, factor: int = 1) -> int:
    return len(tag) * factor


@action(effect="pure")
def total(weights: list[int]) -> int:
    return sum(weights)


@action(effect="read", cost_usd_max=0.05)
async def plan_fix(goal: str) -> dict[str, Any]:
    return {"goal": goal}


@graph
def weigh_all(tags: list[str], factor: int = 2) -> int:
    """Weigh all tags."""
    weights = each(weigh, tags)
    assert_type(weights, Mapped[int])
    scaled = each(lambda tag: weigh(tag, factor), tags, limit=4, key=lambda tag: tag)
    assert_type(scaled.results, list[int])
    named = each(weigh, tags, with_=lambda tag: {"tag": tag, "factor": factor}, id="named")
    assert_type(named.failed, int)
    return total(weights.results)


@graph("triage", timeout="30s", retry=3)
def triage_alert(alert_id: str) -> dict[str, object]:
    alert = fetch_alert(alert_id)
    assert_type(alert, Alert)
    with when((alert.severity >= 3) & contains(alert.tags, "prod")):
        called = page.using(
            id="call", retry=Retry(attempts=3), ensure=lambda result: size(result) > 0
        )(alert.owner, text=f"severity {alert.severity}")
        assert_type(called, str)
    with when(cel(f"size({alert.tags}) > 3")):
        page.using(id="again", needs=[called], on_error="continue")(alert.owner)
    weight = weigh_all.using(after=called)(alert.tags)
    assert_type(weight, int)
    fix = propose(plan_fix, returns=Fix, actions=[page, "k8s.get_*"], repairs_max=2)(goal="heal")
    assert_type(fix, Fix)
    other = propose(plan_fix, returns={"type": "object"}, id="other")("heal")
    assert_type(optional(called), str | None)
    assert_type(output_of(called), str)
    return {
        "called": optional(called),
        "state": status(called),
        "error": error_of(called),
        "weight": choose(alert.severity > 3, weight, 0),
        "fixed": fix.done,
        "other": other,
    }


async def main() -> None:
    plan = compile(triage_alert)
    registry: Registry = triage_alert.registry
    async with Runtime(open_store("memory:"), registry) as runtime:
        await runtime.run(plan, {"alert_id": "a"})
        await runtime.run(weigh_all, {"tags": ["a"]})
