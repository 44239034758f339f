"""Who starts and decides from the command line, and how the journal tells it."""

import getpass

import pytest

from e2e.cli.gated import PYPROJECT
from e2e.cli.project import Shell

WAITING, USAGE = 5, 2
ROLES = """
[tool.interlock.roles]
release-managers = ["bob", {name = "ada", authenticated_by = "oidc"}]
"""


@pytest.fixture
def asked(gated: Shell) -> Shell:
    """A shell in which a release waits for its sign-off."""
    assert gated("interlock run release.yaml -i version=7 --as ann").code == WAITING
    return gated


def test_the_user_is_whom_the_system_names_and_nobody_has_checked_it(
    gated: Shell, monkeypatch: pytest.MonkeyPatch
):
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    gated("interlock run release.yaml -i version=7")
    found = gated("interlock show last --json").json
    assert found["principal"] == f"unauthenticated:{getpass.getuser()}"
    assert f"by {getpass.getuser()} (unauthenticated)" in gated("interlock show last").out


def test_people_may_say_who_they_are(asked: Shell):
    assert asked("interlock approve last signoff --as bob").code == 0
    found = asked("interlock show last --json").json
    assert found["principal"] == "unauthenticated:ann"
    assert {node["path"]: node for node in found["nodes"]}["signoff"]["approved_by"] == [
        "unauthenticated:bob"
    ]
    shown = asked("interlock show last").out
    assert "by ann (unauthenticated)" in shown
    assert "approved by bob (unauthenticated)" in shown
    assert asked("interlock replay last").code == 0


@pytest.mark.parametrize("name", ["engine", "runtime:host-1-ab", "authenticated:oidc:ada"])
def test_a_chosen_name_is_taken_for_nothing_else(asked: Shell, name: str):
    assert asked(f"interlock approve last signoff --as {name}").code == 0
    story = asked("interlock show last signoff --json").json["story"]
    assert [one["actor"] for one in story if one["type"] == "GateDecided"] == [
        f"unauthenticated:{name}"
    ]
    assert f"{name} (unauthenticated) approved it" in asked("interlock show last signoff").out


def test_a_name_does_not_look_like_what_stands_around_it(asked: Shell):
    assert asked("interlock approve last signoff --as 'ada (oidc)'").code == 0
    assert '"ada (oidc)" (unauthenticated) approved it' in asked("interlock show last signoff").out


@pytest.mark.parametrize("name", ["''", "' ada'", "'a\u202eda'", "a" * 257])
def test_what_is_no_name_is_refused(asked: Shell, name: str):
    refused = asked(f"interlock approve last signoff --as {name}")
    assert (refused.code, "hint: 1 to 256 visible characters" in refused.err) == (USAGE, True)


def test_the_list_of_runs_says_who_started_them(asked: Shell):
    heading, row = asked("interlock runs").out.splitlines()
    assert heading.endswith("  by (?: not checked)")
    assert row.endswith("  ann?")
    (listed,) = asked("interlock runs --json").json
    assert listed["principal"] == "unauthenticated:ann"


def test_a_role_may_be_for_who_is_authenticated_alone(asked: Shell):
    asked.write("pyproject.toml", PYPROJECT + ROLES)
    shown = asked("interlock show last signoff").out
    assert "only ada (oidc), bob may decide; names are not authenticated" in shown
    (waits,) = asked("interlock show last --json").json["waiting_for"]
    assert waits["deciders"] == [{"name": "ada", "authenticated_by": "oidc"}, "bob"]
    refused = asked("interlock approve last signoff --as ada")
    assert (refused.code, "hint: these may: ada (oidc), bob" in refused.err) == (USAGE, True)


@pytest.mark.parametrize(
    "member",
    ["{}", '{name = "ada"}', '{name = "ada", authenticated_by = 1}', "7", '""'],
)
def test_a_member_of_a_role_that_is_none_is_told(asked: Shell, member: str):
    asked.write("pyproject.toml", f"{PYPROJECT}\n[tool.interlock.roles]\nops = [{member}]\n")
    refused = asked("interlock approve last signoff")
    assert refused.code == USAGE
    assert "[tool.interlock.roles] in pyproject.toml: " in refused.err
