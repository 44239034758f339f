"""`repeat`, `wait`, `gate`, `first_of` and `undo` in the Python form."""

from typing import Any

import pytest

from interlock import action, each, first_of, gate, graph, propose, repeat, wait
from interlock.errors import UsageError
from interlock.graph import GraphFunction, load


@action(effect="read")
def page(url: str) -> Any:
    raise NotImplementedError(url)


@action
def charge(account: str, cents: int) -> Any:
    raise NotImplementedError(account, cents)


@action
def refund(order: str, cents: int = 0) -> None:
    raise NotImplementedError(order, cents)


@graph
def look(url: str, depth: int = 1) -> dict[str, object]:
    found = page(url)
    return {"next": found["next"], "size": found["size"]}


def same(function: GraphFunction[..., object], document: str) -> bool:
    """Whether a graph is that of a document, but for its local graphs, inputs and outputs."""
    return function.graph.nodes == load(f"interlock: 1\nname: x\n{document}").graph.nodes


def test_a_repeat():
    @graph
    def walk(start: str) -> object:
        return repeat(
            look,
            until=lambda found: found.size > 3,
            carry=lambda found: {"url": found.next},
            max=4,
            on_max="last",
            id="walked",
        )(start, depth=2)

    assert same(
        walk,
        """
graphs: {look: {nodes: {}}}
nodes:
  walked:
    repeat: look
    with: {url: '${{ inputs.start }}', depth: 2}
    carry: {url: '${{ result.next }}'}
    until: result.size > 3
    max: 4
    on_max: last
""",
    )


def test_a_repeat_of_a_function_captures_and_reads_its_lone_result():
    @graph
    def walk(start: str) -> object:
        def turn(url: str) -> object:
            return page(f"{url}/{start}")

        walked = repeat(turn, until=lambda found: found.done, max=3)(url="a")
        return {"page": walked.result, "turns": walked.turns}

    assert same(
        walk,
        """
graphs: {turn: {nodes: {}}}
nodes:
  walked:
    repeat: turn
    with: {url: a, start: '${{ inputs.start }}'}
    until: result.result.done
    max: 3
""",
    )
    assert walk.graph.outputs == {
        "page": "${{ walked.result }}",
        "turns": "${{ walked.turns }}",
    }


def test_a_wait_a_gate_and_a_choice():
    @graph
    def ship(version: str) -> object:
        pause = wait("10m")
        paid = wait("3d", signal="paid", returns={"type": "object"}, needs=pause)
        ok = gate(
            f"Ship {version} for {paid.cents}?",
            to=["ops"],
            covers=["sent"],
            bounds={"sent": lambda args: args.cents < 100},
            quorum=2,
            expires="4h",
            on_refused="continue",
        )
        sent = charge.using(needs=ok)("a", paid.cents)
        chosen = first_of(sent, paid, on_error="continue")
        return chosen.id

    assert same(
        ship,
        """
nodes:
  pause: {wait: {for: 10m}}
  paid: {wait: {signal: paid, for: 3d, returns: {type: object}}, needs: [pause]}
  ok:
    gate:
      to: [ops]
      ask: 'Ship ${{ inputs.version }} for ${{ paid.cents }}?'
      for: [sent]
      bounds: {sent: args.cents < 100}
      quorum: 2
      expires: 4h
    on_refused: continue
  sent: {call: charge, with: {account: a, cents: '${{ paid.cents }}'}, needs: [ok]}
  chosen: {first_of: [sent, paid], on_error: continue}
""",
    )


def test_an_undo():
    @graph
    def pay(account: str) -> object:
        first = charge.using(undo=refund, on_error="undo")(account, 5)
        return charge.using(
            undo=(
                refund,
                lambda result, args: {"order": f"{result.id}-{first.id}", "cents": args.cents},
            ),
            id="second",
        )(account, 6)

    assert same(
        pay,
        """
nodes:
  first:
    call: charge
    with: {account: '${{ inputs.account }}', cents: 5}
    undo: {call: refund}
    on_error: undo
  second:
    call: charge
    with: {account: '${{ inputs.account }}', cents: 6}
    undo:
      call: refund
      with: {order: '${{ result.id }}-${{ first.id }}', cents: '${{ args.cents }}'}
""",
    )
    assert "refund" in pay.registry


WRONG = {
    "wait for nothing": wait,
    "retry of a wait": lambda: wait("1s", retry=3),  # type: ignore[call-arg]
    "timeout of a map": lambda: each(look, ["a"], timeout="3s"),
    "ensure of a gate": lambda: gate("Ship?", ensure="true"),
    "deadline of a choice": lambda: first_of("a", deadline="3s"),
    "retry of a repeat": lambda: repeat(look, until="true", max=1, retry=3)(url="a"),
    "undo of a proposal": lambda: propose(page, undo=refund)(url="a"),  # type: ignore[call-arg]
    "undo by a function": lambda: charge.using(undo=lambda: refund(order="a"))("a", 1),
    "undo of many": lambda: charge.using(undo=(refund, {}, 3))("a", 1),
    "undo with no arguments": lambda: charge.using(undo=(refund, lambda result: result.id))("a", 1),
    "carry that is no dict": lambda: repeat(
        look,
        until="true",
        max=1,
        carry=lambda found: found.url,
    )(url="a"),
    "choice of no node": lambda: first_of(3),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(UsageError) as caught:
        _ = graph(named(wrong)).graph
    assert caught.value.hint


def named(body):
    def x():
        body()

    return x
