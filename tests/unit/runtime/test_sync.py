"""`run`: synchronous, in a thread with a loop of its own."""

import asyncio
import re
import signal
import threading
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import interlock
from interlock.actions import Registry, action
from interlock.errors import DocumentInvalid, InputsInvalid, UsageError
from interlock.graph import each, graph, load, optional, when
from interlock.journal import Principal, RunStarted
from interlock.plan import compile as compile_graph
from interlock.runtime import Runtime, read_entries, run
from interlock.runtime.sync import LoopThread
from interlock.store import MemoryStore, open_store


@dataclass
class Alert:
    severity: int
    owner: str
    since: date


@action(effect="read")
def count_words(text: str) -> int:
    return len(text.split())


@action(effect="pure")
async def owner_of(alert: Alert) -> str:
    return f"{alert.owner} since {alert.since.isoformat()}"


@graph
def report(text: str) -> str:
    n = count_words(text)
    return f"{n} words"


@action(effect="write")
def note(n: int) -> int:
    return n


@graph
def notes(n: int) -> int:
    return note(n)


@graph
def triage(alert: Alert, key: str = "none", tags: list[str] = ["a b", "c"]) -> dict[str, Any]:  # noqa: B006
    sizes = each(count_words, tags)
    with when(alert.severity >= 3):
        owner = owner_of(alert)
    return {"owner": optional(owner), "key": key, "sizes": sizes.results}


ALERT = Alert(severity=3, owner="ann", since=date(2026, 11, 23))


def test_a_graph_function_runs():
    result = run(report, text="to be or not to be")
    assert (result.status, result.output) == ("succeeded", "6 words")


def test_the_first_program_prints_what_it_says(capsys: pytest.CaptureFixture[str]):
    program = (
        "from interlock import action, graph, run\n"
        '@action(effect="read")\n'
        "def count_words(text: str) -> int:\n    return len(text.split())\n"
        "@graph\n"
        'def report(text: str) -> str:\n    n = count_words(text)\n    return f"{n} words"\n'
        'print(run(report, text="to be or not to be").output)\n'
    )
    exec(program, {"__name__": "cell"})
    assert capsys.readouterr().out == "6 words\n"


def test_without_a_source_file_an_action_has_no_fingerprint():
    found: dict[str, Any] = {"action": action, "__name__": "cell"}
    exec("@action(effect='pure')\ndef one(text: str) -> str:\n    return text\n", found)
    assert found["one"].manifest.fingerprint is None
    assert count_words.manifest.fingerprint is not None


def test_python_values_are_inputs():
    result = run(triage, alert=ALERT, inputs={"key": "k"})
    expected = {"owner": "ann since 2026-11-23", "key": "k", "sizes": [2, 1]}
    assert result.outputs == expected
    low = Alert(severity=1, owner="bob", since=ALERT.since)
    assert run(triage, alert=low, tags=[]).outputs == {"key": "none", "sizes": []}


def test_an_output_that_is_absent_is_none():
    @graph
    def maybe(alert: Alert) -> str | None:
        with when(alert.severity > 7):
            owner = owner_of(alert)
        return optional(owner)

    assert run(maybe, alert=ALERT).output is None
    assert run(maybe, alert=Alert(severity=9, owner="x", since=ALERT.since)).output is not None


def test_it_runs_where_a_loop_is_running():
    async def notebook() -> object:
        return run(report, text="a b").output

    assert asyncio.run(notebook()) == "2 words"


def test_all_runs_share_one_loop():
    loops: list[asyncio.AbstractEventLoop] = []

    @action(effect="read")
    async def look() -> int:
        loops.append(asyncio.get_running_loop())
        return threading.get_ident()

    @graph
    def one() -> int:
        return look()

    first, second = run(one).output, run(one).output
    assert first == second != threading.get_ident()
    assert loops[0] is loops[1]


WORDS = load(
    "interlock: 1\nname: words\ninputs: {text: {type: string}}\n"
    "nodes: {n: {call: count_words, with: {text: '${{ inputs.text }}'}}}\n"
    "outputs: {n: '${{ n }}'}\n"
)


def test_a_graph_or_a_plan_needs_its_actions():
    loaded = WORDS
    registry = Registry([count_words])
    assert run(loaded.graph, registry=registry, text="a b c").outputs == {"n": 3}
    plan = compile_graph(loaded.graph, registry)
    assert run(plan, registry=registry, inputs={"text": "a"}).outputs == {"n": 1}
    for graph_or_plan in (loaded.graph, plan):
        with pytest.raises(UsageError, match="`words` is run without actions"):
            run(graph_or_plan, text="a")


@pytest.mark.parametrize(
    "given, told",
    [
        ("a.yaml", r"'a.yaml' is no graph, but of type str\nhint: .*`load\("),
        ({"interlock": 1}, r"is no graph, but of type dict\nhint: .*`load\("),
        (WORDS, r"of type Loaded\nhint: give its graph"),
        (count_words, r"of type Action\nhint: call the action in a `@graph` function"),
        (
            count_words.func,
            r"`count_words` is no graph, but of type function\nhint: put `@graph` above",
        ),
    ],
)
def test_what_is_no_graph_is_refused_with_what_to_do(given: Any, told: str):
    with pytest.raises(UsageError) as refused:
        run(given, registry=Registry([count_words]))
    assert re.search(told, str(refused.value))
    with pytest.raises(UsageError, match="is no graph"):
        compile_graph(given, Registry([count_words]))


def test_other_actions_stand_in():
    @action("count_words", effect="read")
    def fake(text: str) -> int:
        return 99

    assert run(report, registry=Registry([fake]), text="a").output == "99 words"


def test_a_store_is_used_and_left_open():
    store = MemoryStore()
    first = run(report, store=store, key="daily", text="a")
    assert [head.run for head in store.heads(key="daily")] == [first.run]


def test_a_path_is_opened_and_closed(tmp_path: Path):
    path = tmp_path / "journal.db"
    first = run(report, store=path, key="daily", text="a b")
    again = run(report, store=str(path), key="daily", text="a b")
    assert (again.run, again.output) == (first.run, "2 words")
    with pytest.raises(UsageError, match="which has other inputs"):
        run(report, store=path, key="daily", text="other text")
    store = open_store(str(path))
    assert len(store.heads()) == 1
    store.close()


def test_wrong_inputs_start_nothing():
    store = MemoryStore()
    with pytest.raises(InputsInvalid, match="text"):
        run(report, store=store)
    with pytest.raises(InputsInvalid, match="wrong"):
        run(report, store=store, text="a", wrong=1)
    with pytest.raises(InputsInvalid, match="Unable to serialize"):
        run(report, store=store, text=object())
    with pytest.raises(UsageError, match="`text` is given twice"):
        run(report, store=store, text="a", inputs={"text": "b"})
    assert store.heads() == []


def test_a_wrong_graph_starts_nothing():
    @graph
    def wrong(text: str) -> int:
        n = count_words(text)
        return n.size  # type: ignore[attr-defined]

    with pytest.raises(DocumentInvalid):
        run(wrong, text="a")


def test_it_is_refused_inside_of_a_graph():
    @graph
    def outer(text: str) -> object:
        return run(report, text=text).output

    with pytest.raises(UsageError, match="while a graph is traced"):
        _ = outer.graph


def test_an_async_action_may_not_block_its_loop():
    @action(effect="read")
    async def nested() -> str:
        try:
            run(report, text="a")
        except UsageError as error:
            return error.message
        return "?"

    @graph
    def outer() -> str:
        return nested()

    assert "called by an async action" in str(run(outer).output)


def test_a_plain_action_may_run_another_graph():
    @action(effect="read")
    def nested(text: str) -> str:
        return str(run(report, text=text).output)

    @graph
    def outer(text: str) -> str:
        return nested(text)

    assert run(outer, text="a b").output == "2 words"


@pytest.mark.parametrize("leave", [SystemExit(3), KeyboardInterrupt("mine")])
def test_a_task_of_an_action_that_wants_to_end_the_process_fails_its_node(leave: BaseException):
    """Such an exception leaves the loop as well; nobody must wait for a loop that has stopped."""

    @action(effect="read")
    async def work(text: str) -> str:
        async def child() -> None:
            raise leave

        await asyncio.gather(child())
        return text

    @graph
    def working(text: str) -> str:
        return work(text)

    for _ in range(2):
        result = run(working, text="a")
        assert result.status == "failed"
        assert result.error is not None
        assert f"{type(leave).__name__}: {leave}" in result.error.message


def test_ctrl_c_leaves_the_run_open(tmp_path: Path):
    """Ctrl-C while an action waits: the action is cancelled, the run is taken up later."""
    waits = [True]

    @action(effect="read", cost_usd_max=0.1)
    async def think(text: str) -> str:
        if waits[0]:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
            await asyncio.Event().wait()
        return text.upper()

    @graph
    def thinking(text: str) -> str:
        return think(text)

    path = tmp_path / "journal.db"
    with pytest.raises(KeyboardInterrupt):
        run(thinking, store=path, key="k", text="a")
    waits[0] = False

    async def resumed() -> object:
        store = open_store(str(path))
        (head,) = store.heads()
        async with Runtime(store, thinking.registry) as runtime:
            output = (await runtime.resume(head.run)).output
        store.close()
        return output

    assert asyncio.run(resumed()) == "A"


def test_the_runtime_takes_graph_functions():
    async def main() -> object:
        registry = report.registry | triage.registry
        async with Runtime(MemoryStore(), registry) as runtime:
            first = await runtime.run(report, {"text": "a b"})
            second = await runtime.run(triage, {"alert": ALERT, "tags": ("x",)})
            return first.output, second.outputs

    assert asyncio.run(main()) == (
        "2 words",
        {"owner": "ann since 2026-11-23", "key": "none", "sizes": [1]},
    )


def test_many_runs_on_one_store_leave_few_files_open(tmp_path: Path):
    store = open_store(str(tmp_path / "journal.db"))
    for number in range(5):
        assert run(notes, store=store, n=number).output == number
    assert len(list((tmp_path / "journal.db-locks").glob("owner-*"))) == 1
    store.close()


def test_a_loop_thread_ends():
    thread = LoopThread()

    async def where() -> int:
        return threading.get_ident()

    assert thread.wait(where()) != threading.get_ident()
    thread.close()
    assert not thread.is_alive


def test_the_front_door_has_it():
    assert interlock.run is run


def test_the_journal_says_on_whose_authority_it_ran():
    ada = Principal(name="ada", authenticated_by="oidc")
    with closing(MemoryStore()) as store:
        result = run(report, text="one two", store=store, principal=ada)
        first = next(iter(read_entries(store, result.run)))
    assert isinstance(first.event, RunStarted)
    assert first.event.principal == ada.actor
