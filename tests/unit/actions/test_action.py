"""Actions as declarations: names, effects, safety, fingerprints, derived ones, registries."""

from dataclasses import replace
from typing import Any

import pytest

from interlock.actions import (
    TRACER,
    Action,
    Bounds,
    Context,
    Manifest,
    Registry,
    Safety,
    Usage,
    action,
    declare,
)
from interlock.actions.context import no_secret
from interlock.errors import ActionInvalid, JournalCorrupt, UsageError, ValueRefused
from interlock.values import Digest, Json


def plain(n: int, m: int = 2) -> int:
    """Add two numbers.

    And say no more of it.
    """
    return n + m


def other(n: int, m: int = 2) -> int:
    """Add two numbers.

    And say no more of it.
    """
    return m + n


def made(**options: Any) -> Action[..., Any]:
    found: Any = action("plain", **options)
    return found(plain)


# --- declarations


@pytest.mark.parametrize("name", ["a", "a.b", "ci.build-2", "http/get", "A1_b", "x" * 200])
def test_names_of_actions(name: str):
    assert action(name, effect="pure")(plain).name == name


@pytest.mark.parametrize("name", ["", "1a", "a..b", "a.", ".a", "a b", "ä", "x" * 201, "a\n"])
def test_what_is_no_name(name: str):
    with pytest.raises(ActionInvalid, match="is no name for an action"):
        Action(plain, name=name, effect="pure")


def test_an_action_is_named_after_its_function():
    assert action(plain).name == "plain"
    assert action(effect="pure")(plain).name == "plain"
    assert repr(action(plain)) == "<action plain (write)>"
    assert action(plain).func is plain


def test_effects_are_three():
    for effect in ("pure", "read", "write"):
        assert made(effect=effect).manifest.effect == effect
    with pytest.raises(ActionInvalid, match="unknown effect 'delete'"):
        made(effect="delete")


def test_what_is_not_declared_is_a_write_with_nothing_declared():
    manifest = action(plain).manifest
    assert (manifest.effect, manifest.guarantee) == ("write", "at most once")
    assert manifest.description == "Add two numbers."


@pytest.mark.parametrize("safety", [{"key": "n"}, {"probe": plain}, {"key": "n", "window": "1h"}])
@pytest.mark.parametrize("effect", ["pure", "read"])
def test_only_writes_are_made_safe(effect: str, safety: dict[str, Any]):
    with pytest.raises(ActionInvalid, match=f"but its effect is {effect}"):
        made(effect=effect, **safety)


def test_a_window_belongs_to_a_key():
    with pytest.raises(ActionInvalid, match="a window needs a key"):
        made(window="1h")
    assert made(key="n").manifest.window_ms == 24 * 3600 * 1000
    assert made(key="n", window="90s").manifest.window_ms == 90_000
    assert made().manifest.window_ms is None


def test_a_key_names_an_argument_or_that_of_the_context():
    assert made(key="Context.idempotency_key").manifest.key == "Context.idempotency_key"
    with pytest.raises(ActionInvalid, match="key names `x`, which is none of its arguments"):
        _ = made(key="x").manifest


def test_guarantees_follow_from_what_is_declared():
    found = {
        "key": made(key="n").manifest.guarantee,
        "probe": made(probe=plain).manifest.guarantee,
        "nothing": made().manifest.guarantee,
        "read": made(effect="read").manifest.guarantee,
    }
    assert found == {
        "key": "one effect",
        "probe": "one effect",
        "nothing": "at most once",
        "read": "repeatable",
    }


# --- digests


def test_the_digest_changes_with_everything_that_is_known_of_an_action():
    manifests = [
        made().manifest,
        made(effect="read").manifest,
        made(version="2").manifest,
        made(key="n").manifest,
        made(key="n", window="1h").manifest,
        made(probe=plain).manifest,
        made(cost_usd_max=0.1).manifest,
        made(metered=True).manifest,
        made(timeout_ms_max=5).manifest,
        made(depends_on=[other]).manifest,
        Action(plain, name="other").manifest,
        Action(other, name="plain").manifest,
    ]
    assert len({manifest.digest for manifest in manifests}) == len(manifests)
    assert made().manifest.digest == made().manifest.digest


def test_a_fingerprint_is_that_of_the_source():
    def inner(n: int, m: int = 2) -> int:
        """Add two numbers.

        And say no more of it.
        """
        return n + m

    same = action("plain")(inner).manifest.fingerprint
    assert same is not None
    assert same != made().manifest.fingerprint, "it has another name"
    assert made().manifest.fingerprint == made(version="2").manifest.fingerprint


def test_without_source_there_is_no_fingerprint():
    space: dict[str, Any] = {}
    exec("def take(n: int): ...", space)
    assert Action(space["take"], name="take").manifest.fingerprint is None
    assert made(depends_on=[space["take"]]).manifest.fingerprint is None
    assert declare("y", int, arguments={"type": "object"}).manifest.fingerprint is None


def test_a_manifest_comes_back_from_json():
    for manifest in (made().manifest, made(key="n", cost_usd_max=0.5).manifest):
        again = Manifest.from_json(manifest.to_json())
        assert again == manifest
        assert again.digest == manifest.digest


@pytest.mark.parametrize("data", [None, [], {}, {"effect": "read"}, {"effect": "fly", "name": "x"}])
def test_what_is_no_manifest_is_corrupt(data: Json):
    with pytest.raises(JournalCorrupt, match="not a manifest"):
        Manifest.from_json(data)


# --- derived actions


def test_a_derived_action_fixes_arguments():
    derived = made(key="n").derive("plain.five", m=5)
    assert derived.manifest.arguments == {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    assert derived.decode(b'{"n":1}') == {"n": 1, "m": 5}
    assert derived.manifest.key == "n"
    assert derived.manifest.digest != made(key="n").derive("plain.five", m=6).manifest.digest


def test_a_derived_action_may_have_another_effect_and_is_safe_no_more():
    derived = made(key="n").derive("plain.read", effect="read", version="7", m=1)
    assert (derived.manifest.effect, derived.manifest.key) == ("read", None)
    assert derived.manifest.version == "7"


def test_a_derived_action_may_be_safe_in_another_way():
    derived = made().derive("safe", safety=Safety(key="n"), n=1, m=2)
    with pytest.raises(ActionInvalid, match="key names `n`"):
        _ = derived.manifest
    assert made().derive("safe", safety=Safety(key="n")).manifest.key == "n"


def test_an_argument_that_is_not_there_cannot_be_fixed():
    with pytest.raises(ActionInvalid, match="cannot fix 'x': no such argument") as caught:
        _ = made().derive("d", x=1).manifest
    assert caught.value.hint == "there are: n, m"


def test_derived_from_derived_keeps_what_was_fixed():
    derived = made().derive("one", m=5).derive("two", n=1)
    assert derived.decode(b"{}") == {"n": 1, "m": 5}
    assert derived.bound == {"m": 5, "n": 1}


def test_a_derived_action_of_schemas_fixes_arguments():
    schema: Any = {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["a", "b"]}
    derived = declare("x", plain, arguments=schema).derive("y", a=1)
    assert derived.decode(b'{"b":2}') == {"a": 1, "b": 2}
    with pytest.raises(ValueRefused, match="arguments of `y` are no object"):
        derived.decode(b"[]")


def test_schemas_that_say_nothing_have_nothing_to_fix():
    open_ = declare("x", plain, arguments=True).derive("y", a=1)
    assert open_.manifest.arguments is True


# --- calls


def test_an_action_is_called_inside_a_graph_only():
    for call in (made(), made().using(id="a")):
        with pytest.raises(UsageError, match="was called outside a graph"):
            call(1)


def test_a_tracer_records_calls():
    class Recorder:
        def __init__(self) -> None:
            self.calls: list[tuple[Any, ...]] = []

        def call(self, action: Any, args: Any, kwargs: Any, *, options: Any) -> str:
            self.calls.append((action.name, args, dict(kwargs), dict(options)))
            return "reference"

    recorder = Recorder()
    token = TRACER.set(recorder)
    try:
        assert made()(1, m=2) == "reference"
        assert made().using(id="x")(3) == "reference"
    finally:
        TRACER.reset(token)
    assert recorder.calls == [("plain", (1,), {"m": 2}, {}), ("plain", (3,), {}, {"id": "x"})]


def test_outputs_of_declared_actions_are_json_data():
    tool = declare("x", plain, arguments={"type": "object"})
    assert tool.encode({"b": 1, "a": 2}) == b'{"a":2,"b":1}'
    with pytest.raises(ValueRefused):
        tool.encode(object())


# --- registries


def test_a_registry_has_one_action_a_name():
    one, two = made(), action("two")(plain)
    registry = Registry([one, two, one])
    assert len(registry) == 2
    assert list(registry) == [one, two]
    assert "two" in registry
    assert "three" not in registry
    assert registry.get("two") is two
    assert list(registry.manifests) == ["plain", "two"]
    with pytest.raises(ActionInvalid, match="two actions are named `plain`"):
        Registry([one, made()])


@pytest.mark.parametrize(
    "given, told, hint",
    [
        ([print], "<built-in function print> is none", "make one with `@action(effect=...)`"),
        (["add"], "'add' is none", "name the function below `@action`"),
        ("add", "a list of actions, and not of 'add'", "write `Registry([...])`"),
        (None, "a list of actions, and not of None", "write `Registry([...])`"),
        (action("x.add", effect="pure")(len), "not of the action `x.add`", "write `Registry("),
    ],
)
def test_a_registry_is_made_of_a_list_of_actions(given: Any, told: str, hint: str):
    with pytest.raises(UsageError) as caught:
        Registry(given)
    assert told in caught.value.message
    assert caught.value.hint.startswith(hint)


def test_registries_are_joined():
    joined = Registry([made()]) | Registry([action("two")(plain)])
    assert sorted(each.name for each in joined) == ["plain", "two"]


@pytest.mark.parametrize(
    "name, hint", [("plian", "did you mean `plain`?"), ("zzz", "there are: plain")]
)
def test_an_action_that_is_not_there_is_told(name: str, hint: str):
    with pytest.raises(UsageError, match=f"no action `{name}` is registered") as caught:
        Registry([made()]).get(name)
    assert caught.value.hint == hint


# --- the context


def context(**parts: Any) -> Context:
    base = Context(
        idempotency_key=Digest("sha256:00"),
        attempt_no=1,
        deadline_ms=5,
        now=lambda: 3,
        random=lambda: 0.5,
    )
    return replace(base, **parts)


def test_a_context_without_a_runtime_has_no_secrets_and_nobody_who_watches():
    ctx = context()
    with pytest.raises(UsageError, match="no secret `s`"):
        ctx.secret("s")
    with pytest.raises(UsageError):
        no_secret("s")
    ctx.emit({"chunk": 1})
    ctx.heartbeat()
    assert not ctx.cancelled
    assert context(is_cancelled=lambda: True).cancelled


def test_usage_adds_up():
    ctx = context(usage_total=Usage())
    ctx.usage(tokens=3)
    ctx.usage(tokens=4, cost_usd=0.000_001)
    assert ctx.usage_total == Usage(tokens=7, cost_usd_micros=1)


class Client:
    """A client that an application passes in."""


def test_clients_are_found_by_their_type():
    client = Client()
    assert context(resources={Client: client}).resource(Client) is client
    with pytest.raises(UsageError, match="no resource of type `Client`"):
        context().resource(Client)


def test_bounds_of_an_action():
    manifest = Action(
        plain, name="p", effect="read", bounds=Bounds(cost_usd_max=0.25, timeout_ms_max=9)
    ).manifest
    assert (manifest.cost_usd_micros_max, manifest.timeout_ms_max) == (250_000, 9)
    assert (manifest.metered, manifest.runs_ahead) == (True, False)


def test_a_callable_whose_parameters_are_not_known_takes_no_context():
    assert declare("x", int, arguments=True).context_name is None
