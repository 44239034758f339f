"""Decisions from the command line: gates, signals, stops, pauses, runs that are opened again."""

import re

import pytest

from e2e.cli.gated import PYPROJECT
from e2e.cli.project import RUN_ID, Shell

WAITING, IN_DOUBT, REFUSED, FAILED, USAGE = 5, 4, 1, 1, 2


@pytest.fixture
def asked(gated: Shell) -> Shell:
    """A shell in which a release waits for its sign-off."""
    assert gated("interlock run release.yaml -i version=7").code == WAITING
    return gated


def log(shell: Shell) -> list[str]:
    return (shell.folder / "log.txt").read_text().splitlines()


STAGED = "deployed api:7 to staging"


def test_what_is_approved_runs_once(asked: Shell):
    assert log(asked) == [STAGED]
    done = asked("interlock approve last signoff --reason 'tests are green'")
    assert (done.code, done.json) == (0, {"url": "https://prod.example"})
    assert log(asked) == [STAGED, "deployed api:7 to prod"]
    shown = asked("interlock show last signoff").out
    assert "ada (unauthenticated) approved it: tests are green" in shown
    assert asked("interlock replay last").code == 0
    again = asked("interlock approve last signoff")
    assert again.code == USAGE
    assert log(asked) == [STAGED, "deployed api:7 to prod"]


def test_what_is_rejected_does_not_run(asked: Shell):
    done = asked("interlock reject last signoff --reason 'not on a Friday' --json")
    assert (done.code, done.json["status"]) == (REFUSED, "refused")
    assert log(asked) == [STAGED]
    assert asked("interlock replay last").code == 0


def test_an_approval_of_something_else_is_refused(asked: Shell):
    (waits,) = asked("interlock show last --json").json["waiting_for"]
    other = "sha256:" + "0" * 64
    refused = asked(f"interlock approve last signoff --binding {other}")
    assert refused.code == USAGE
    assert waits["binding"] in refused.err
    assert log(asked) == [STAGED]
    assert asked(f"interlock approve last signoff --binding {waits['binding']}").code == 0


def test_a_node_that_has_not_begun_is_cancelled_when_its_turn_comes(asked: Shell):
    done = asked("interlock cancel last prod --reason 'not today'")
    assert done.code == WAITING
    assert "`prod` will not start: it ends, cancelled, when its turn comes" in done.err
    row = next(line for line in asked("interlock show last").out.splitlines() if " prod " in line)
    assert row.split(None, 2)[2] == "ada (unauthenticated) cancelled it: it will not start"
    assert "cancelled before it begins" in asked("interlock show last prod").out.splitlines()[0]
    again = asked("interlock cancel last prod")
    assert (again.code, again.out) == (USAGE, "")
    assert "`prod` is being cancelled: ada cancelled it: not today" in again.err
    ended = asked("interlock approve last signoff")
    assert (ended.code, log(asked)) == (FAILED, [STAGED])
    assert "will not start" not in ended.err


@pytest.mark.parametrize(
    "line, told, hint",
    [
        ("approve last", "missing argument 'NODE'", "it takes RUN NODE; see `interlock approve --"),
        ("signal last go 5", "unexpected extra argument (5)", "it takes RUN NAME; see `interlock "),
        ("worker now", "unexpected extra argument (now)", "it takes no arguments; see `interlock "),
        ("resume last --as", "'--as' requires an argument", "see `interlock resume --help`"),
        ("--store", "no such option '--store'", "see `interlock --help`"),
    ],
)
def test_who_leaves_out_or_adds_a_word_hears_what_there_is(
    gated: Shell, line: str, told: str, hint: str
):
    refused = gated(f"interlock {line}")
    assert (refused.code, told in refused.err) == (USAGE, True)
    assert f"hint: {hint}" in refused.err


PROBED = """\
from pathlib import Path
from interlock import Registry, action

def find(name: str) -> str | None:
    if not Path("back").exists():
        raise ConnectionError("the shelf is away")
    return Path(name).read_text() if Path(name).exists() else None

@action("shelf.put", effect="write", probe=find)
def put(name: str) -> str:
    Path(name).write_text("it is there")
    raise ConnectionError("the line went dead")

registry = Registry([put])
"""
SHELF = """\
interlock: 1
name: shelf
nodes:
  put: {call: shelf.put, with: {name: box}, timeout: 500ms}
outputs: {put: '${{ put }}'}
"""


def test_a_receiver_that_was_away_is_asked_again(gated: Shell):
    gated.write("actions.py", PROBED)
    gated.write("shelf.yaml", SHELF)
    stopped = gated("interlock run shelf.yaml")
    assert stopped.code == IN_DOUBT
    assert "its probe could not tell (the probe failed: ConnectionError" in " ".join(
        stopped.err.split()
    )
    command = next(line for line in stopped.err.splitlines() if line.endswith(" --ask")).strip()
    assert gated(command).code == IN_DOUBT
    (gated.folder / "back").touch()
    done = gated(f"{command} --reason 'it is back'")
    assert (done.code, done.json) == (0, {"put": "it is there"})
    shown = gated("interlock show last put").out
    assert "ada (unauthenticated) had its receiver asked again: it is back" in shown
    assert gated("interlock replay last").code == 0


def test_nobody_is_asked_without_a_probe(gated: Shell):
    (gated.folder / "broken").touch()
    stopped = gated("interlock run release.yaml -i version=7")
    assert stopped.code == IN_DOUBT
    assert "--ask" not in stopped.err
    refused = gated("interlock resolve last staging --ask")
    assert refused.code == USAGE
    assert "nobody can be asked about `staging`: `deploy.apply` declares no probe" in refused.err


def test_roles_that_nobody_configured_do_not_look_checked(asked: Shell):
    shown = asked("interlock show last signoff").out
    assert "who     roles are not checked here: anybody may decide" in shown
    (waits,) = asked("interlock show last --json").json["waiting_for"]
    assert (waits["to"], waits["deciders"]) == (["release-managers"], None)
    done = asked("interlock approve last signoff")
    assert (done.code, "that ada is one of them was not checked" in done.err) == (0, True)


def test_a_gate_of_a_configured_role_is_decided_by_who_has_it(
    asked: Shell, monkeypatch: pytest.MonkeyPatch
):
    roles = '\n[tool.interlock.roles]\nrelease-managers = ["bob", "zoe"]\n'
    asked.write("pyproject.toml", PYPROJECT + roles)
    assert "only bob, zoe may decide; names are not" in asked("interlock show last signoff").out
    for verb in ("approve", "reject"):
        refused = asked(f"interlock {verb} last signoff")
        assert (refused.code, "IL7024" in refused.err) == (USAGE, True)
        assert "hint: these may: bob, zoe; `--as NAME` says who you are" in refused.err
    assert log(asked) == [STAGED]
    monkeypatch.setenv("LOGNAME", "bob")
    done = asked("interlock approve last signoff")
    assert (done.code, "not checked" in done.err) == (0, False)


def test_a_role_that_is_no_list_is_told(asked: Shell):
    asked.write("pyproject.toml", f'{PYPROJECT}\n[tool.interlock.roles]\nops = "ada"\n')
    refused = asked("interlock approve last signoff")
    assert refused.code == USAGE
    assert "[tool.interlock.roles] in pyproject.toml: the role `ops` is 'ada'" in refused.err


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_slip_in_the_name_of_a_gate_is_told(asked: Shell, verb: str):
    refused = asked(f"interlock {verb} last sinoff")
    assert refused.code == USAGE
    assert "did you mean `signoff`?" in refused.err


def test_a_gate_of_two_takes_two_persons(gated: Shell, monkeypatch: pytest.MonkeyPatch):
    gated("interlock run order.yaml")
    assert gated("""interlock signal last paid --payload '{"cents": 995}'""").code == WAITING
    first = gated("interlock approve last two")
    assert (first.code, "approved by ada; it needs others, too" in first.err) == (WAITING, True)
    again = gated("interlock approve last two")
    assert (again.code, "a person counts once" in again.err) == (WAITING, True)
    monkeypatch.setenv("LOGNAME", "bob")
    assert gated("interlock approve last two --json").json["status"] == "waiting"
    waits = gated("interlock show last --json").json["waiting_for"]
    assert [each["path"] for each in waits] == ["cooled"]


def test_a_signal_that_nobody_waits_for_yet_is_kept(gated: Shell):
    gated("interlock run later.yaml")
    wrong = gated("interlock signal last paid --payload 995")
    assert (wrong.code, "wrong type" in wrong.err) == (USAGE, True), "no wait takes a number"
    kept = gated("""interlock signal last paid --node paid --payload '{"cents": 995}'""")
    assert (kept.code, "kept: `paid` does not wait" in kept.err) == (WAITING, True)
    assert "not begun" not in gated("interlock show last paid").out
    done = gated("interlock approve last ok")
    assert (done.code, done.json) == (0, {"cents": 995})


def test_a_signal_to_a_queued_run_is_not_called_kept_when_it_was_taken(gated: Shell):
    gated("interlock run order.yaml --queue")
    taken = gated("""interlock signal last paid --payload '{"cents": 995}'""")
    assert (taken.code, "kept" in taken.err) == (WAITING, False)
    nodes = {n["path"]: n["status"] for n in gated("interlock show last --json").json["nodes"]}
    assert nodes["paid"] == "succeeded"


def test_a_gate_says_what_it_allows_before_anything_runs(gated: Shell):
    assert "gates    `signoff` allows `prod`" in gated("interlock plan release.yaml").out
    assert "`two` allows nothing" in gated("interlock plan order.yaml").out


def test_what_is_promised_of_each_node_is_shown(asked: Shell):
    nodes = {node["path"]: node for node in asked("interlock show last --json").json["nodes"]}
    told = {path: (node.get("effect"), node.get("guarantee")) for path, node in nodes.items()}
    assert told == {
        "staging": ("write", "at most once"),
        "smoke": ("read", "repeatable"),
        "signoff": (None, None),
        "prod": ("write", "at most once"),
    }
    asked("interlock approve last signoff")
    nodes = {node["path"]: node for node in asked("interlock show last --json").json["nodes"]}
    assert nodes["signoff"]["approved_by"] == ["unauthenticated:ada"]


def test_a_payload_may_be_in_a_file_and_is_checked(gated: Shell):
    gated("interlock run order.yaml")
    gated.write("payment.json", '{"cents": 995}')
    wrong = gated("interlock signal last paid --payload 995")
    assert wrong.code in (USAGE, 3)
    assert "cents" in wrong.err or "object" in wrong.err
    assert gated("interlock signal last paid --payload nonsense").code == USAGE
    assert gated("interlock signal last paid --payload @nothing.json").code == USAGE
    assert gated("interlock signal last piad --payload 1").code == USAGE
    assert gated("interlock signal last paid --payload @payment.json --node paid").code == WAITING
    assert gated("interlock show last paid --json").json["output"] == {"cents": 995}


def test_a_run_is_cancelled(asked: Shell):
    done = asked("interlock cancel last --reason 'wrong version' --json")
    assert (done.code, done.json["status"]) == (0, "cancelled"), "that was asked for"
    assert log(asked) == [STAGED]
    assert asked("interlock cancel last").code == USAGE
    assert asked("interlock replay last").code == 0


ITEMS = """interlock: 1
name: items
graphs:
  one:
    inputs: {n: {type: integer}}
    nodes:
      ok: {gate: {ask: 'Add to ${{ inputs.n }}?'}}
      add: {call: num.add, with: {n: '${{ inputs.n }}'}, needs: [ok]}
    outputs: {n: '${{ add }}'}
nodes:
  all: {map: one, over: '${{ [1, 2, 3] }}', as: n, with: {n: '${{ n }}'}, failures_max: 2}
outputs: {all: '${{ all.results }}'}
"""


def test_an_item_of_a_map_is_cancelled_and_a_node_in_one(gated: Shell):
    gated.write("items.yaml", ITEMS)
    gated("interlock run items.yaml")
    cancelled = gated("interlock cancel last all[0] --reason 'wrong number'")
    assert (cancelled.code, "`all[0]` was cancelled\n" in cancelled.err) == (WAITING, True)
    cancelled = gated("interlock cancel last all[1]/ok")
    assert (cancelled.code, "`all[1]/ok` was cancelled\n" in cancelled.err) == (WAITING, True)
    again = gated("interlock cancel last all[0]")
    assert (again.code, "`all[0]` has ended" in again.err) == (USAGE, True)
    never = gated("interlock cancel last all[7]")
    assert (never.code, "no open node `all[7]`" in never.err) == (USAGE, True)
    shown = gated("interlock show last").out
    assert "✗ all[0]/ok  cancelled: IL6027: ada cancelled it: wrong number" in shown
    assert "✗ all[1]/ok  cancelled: IL6027: ada cancelled it\n" in shown
    statuses = {path: gated(f"interlock show last {path} --json").json["status"] for path in PARTS}
    assert statuses == PARTS
    assert gated("interlock approve last all[2]/ok").json == {"all": [{"n": 4}]}
    assert gated("interlock replay last").code == 0


PARTS = {"all": "running", "all[0]": "cancelled", "all[1]": "cancelled", "all[2]": "waiting"}


def test_a_node_that_was_cancelled_with_its_run_is_no_trouble_of_its_own(gated: Shell):
    gated.write("items.yaml", ITEMS)
    gated("interlock run items.yaml")
    gated("interlock cancel last")
    assert "all[0]/ok" not in gated("interlock show last").out


def test_a_node_is_cancelled(asked: Shell):
    assert asked("interlock cancel last signoff --undo").code == USAGE
    done = asked("interlock cancel last signoff --json")
    assert (done.code, done.json["status"]) == (0, "cancelled"), "that was asked for"
    nodes = {n["path"]: n["status"] for n in asked("interlock show last --json").json["nodes"]}
    assert nodes["signoff"] == "cancelled"


def test_a_paused_run_starts_nothing_until_it_is_resumed(asked: Shell):
    paused = asked("interlock pause last --json")
    assert (paused.code, paused.json["status"]) == (0, "paused"), "that was asked for"
    assert asked("interlock pause last").code == USAGE
    assert [r["status"] for r in asked("interlock runs --status paused --json").json] == ["paused"]
    approved = asked("interlock approve last signoff --json")
    assert (approved.code, approved.json["status"]) == (WAITING, "paused")
    assert log(asked) == [STAGED]
    assert asked("interlock resume last").json == {"url": "https://prod.example"}
    assert log(asked) == [STAGED, "deployed api:7 to prod"]
    assert asked("interlock replay last").code == 0


def test_what_is_held_inside_of_a_node_is_not_under_way(gated: Shell):
    gated("interlock run nested.yaml")
    gated("interlock pause last")
    wrong = gated("interlock approve last ok")
    assert (wrong.code, "hint: did you mean `one/ok`?" in wrong.err) == (USAGE, True)
    approved = gated("interlock approve last one/ok")
    assert (approved.code, "`one/ok`: approved by ada\n" in approved.err) == (WAITING, True)
    shown = gated("interlock show last").out.splitlines()
    assert shown[0].endswith("nested  paused")
    assert "not begun" in gated("interlock show last one/add").out
    assert gated("interlock resume last").json == {"n": 2}


def test_what_waits_inside_of_a_node_is_shown_with_it(gated: Shell):
    gated("interlock run nested.yaml")
    shown = gated("interlock show last one").out
    assert re.search(r"^  one/ok +waiting$", shown, re.MULTILINE)
    assert gated("interlock show last one --json").json["inside"]["one/ok"] == "waiting"


def test_nothing_of_a_queued_run_is_said_to_be_under_way(gated: Shell):
    gated("interlock run release.yaml -i version=7 --queue")
    shown = gated("interlock show last")
    assert "under way" not in shown.out
    assert "to drive it: interlock worker" in shown.out
    nodes = gated("interlock show last --json").json["nodes"]
    assert {node["status"] for node in nodes} == {"waiting"}
    assert gated("interlock pause last").code == 0
    assert not (gated.folder / "log.txt").exists(), "it was not begun to be paused"
    shown = gated("interlock show last").out
    assert "under way" not in shown
    assert re.search(r"^  · staging +held: the run is paused$", shown, re.MULTILINE)
    assert gated("interlock resume last").code == WAITING


def test_a_failed_run_goes_on_from_where_it_failed(gated: Shell):
    gated.write("ill", "")
    assert gated("interlock run release.yaml -i version=7").code == FAILED
    assert "interlock retry" in gated("interlock show last").out
    (gated.folder / "ill").unlink()
    assert gated("interlock retry last --reason 'it is well again'").code == WAITING
    assert log(gated) == [STAGED]
    assert gated("interlock approve last signoff").code == 0
    assert gated("interlock retry last").code == USAGE
    assert gated("interlock replay last").code == 0


def test_runs_that_wait_are_listed(asked: Shell):
    (run,) = asked("interlock runs --status waiting --json").json
    assert RUN_ID.fullmatch(run["run"])


def test_what_people_see(gated: Shell):
    gated("interlock run release.yaml -i version=7")
    gated("interlock approve last signof")
    gated("interlock approve last smoke")
    gated("interlock pause last")
    gated("interlock show last")
    gated("interlock resume last")
    gated("interlock approve last signoff --reason 'tests are green'")
    gated("interlock show last")
    gated("interlock show last signoff")
    gated("interlock run release.yaml -i version=8")
    gated("interlock reject last signoff --reason 'not on a Friday'")
    gated("interlock show last")
    gated("interlock retry last")
    gated("interlock cancel last")
    gated("interlock show last")
    gated("interlock runs")
    gated.check("decisions")


def test_every_answer_that_is_shown_can_be_typed(gated: Shell):
    """The commands in what `run` prints are complete, but for the parts to fill in."""
    gated("interlock run order.yaml")
    gated("interlock run release.yaml -i version=7")
    shown = gated("interlock show last").out
    commands = re.findall(r"interlock (?:approve|reject) .*", shown)
    assert len(commands) == 2
    assert gated(commands[1]).code == REFUSED
