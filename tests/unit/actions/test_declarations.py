"""Actions that are declared by schemas, derived ones, and what is metered."""

import pytest

from interlock.actions import Bounds, Context, Manifest, Safety, action, declare
from interlock.errors import ActionInvalid
from interlock.values import Json, Schema

ARGUMENTS: Schema = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "string", "default": "x"}},
    "required": ["a"],
    "additionalProperties": False,
}


def give(*, a: int, ctx: Context, b: str = "x") -> Json:
    """Give both."""
    return [a, b]


def open_give(**given: Json) -> Json:
    """Give all."""
    return given


def test_a_declared_action_may_take_a_context():
    assert declare("x", give, arguments=ARGUMENTS).context_name == "ctx"
    assert declare("x", open_give, arguments=ARGUMENTS).context_name is None
    assert declare("x", print, arguments=ARGUMENTS).context_name is None


def test_a_bound_on_the_cost_makes_an_action_metered():
    @action(effect="read", cost_usd_max=0.5)
    def bounded(a: int) -> int:
        return a

    @action(effect="read", metered=True)
    def unbounded(a: int) -> int:
        return a

    @action(effect="read", cost_usd_max=0)
    def free(a: int) -> int:
        return a

    found = [
        (each.manifest.metered, each.manifest.runs_ahead) for each in (bounded, unbounded, free)
    ]
    assert found == [(True, False), (True, False), (False, True)]


@pytest.mark.parametrize(
    "manifest",
    [
        Manifest(name="x"),
        Manifest(name="x", cost_usd_micros_max=5),
        Manifest(name="x", metered=True),
        Manifest(name="x", metered=True, cost_usd_micros_max=5),
    ],
)
def test_a_manifest_comes_back_from_its_data(manifest: Manifest):
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert Manifest.from_json(manifest.to_json()).digest == manifest.digest


def test_a_derived_write_may_be_safer_than_what_it_comes_from():
    plain = declare("x", give, arguments=ARGUMENTS, bounds=Bounds(metered=True))
    keyed = plain.derive("y", safety=Safety(key="Context.idempotency_key", window="1h"), b="z")
    assert (plain.manifest.guarantee, keyed.manifest.guarantee) == ("at most once", "one effect")
    assert keyed.manifest.window_ms == 3_600_000
    assert keyed.manifest.metered
    assert keyed.decode(b'{"a":1}') == {"a": 1, "b": "z"}
    assert keyed.derive("z", a=1).manifest.guarantee == "one effect"
    assert keyed.derive("z", effect="read").manifest.guarantee == "repeatable"
    with pytest.raises(ActionInvalid, match="its effect is read"):
        plain.derive("z", effect="read", safety=Safety(key="a"))
