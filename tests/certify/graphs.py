"""Graphs as users write them, over actions of every effect and safety, to be certified."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from interlock import Context, Registry, action
from interlock.graph import load
from interlock.plan import Plan, compile as compile_graph
from interlock.testing import Answers
from interlock.values import Json


@action("seat.find", effect="read")
def find(city: str) -> int: ...


@action("fare.of", effect="pure")
def fare(seat: int) -> int: ...


def refund(seat: int, result: str) -> bool: ...


@action("rail.book", effect="write", key="Context.idempotency_key", undo=refund)
def book(seat: int, ctx: Context) -> str: ...


def has_room(seat: int) -> str | None: ...


@action("hotel.free", effect="write", key="Context.idempotency_key")
def free(room: str, ctx: Context) -> bool: ...


@action("hotel.book", effect="write", probe=has_room)
def sleep(seat: int) -> str: ...


@action("ledger.note", effect="write", transactional=True)
def note(text: str) -> int: ...


@action("mail.send", effect="write")
def send(text: str) -> bool: ...


REGISTRY = Registry([find, fare, book, free, sleep, note, send])

TRIP = """
interlock: 1
name: trip
inputs: {city: {type: string}}
nodes:
  seat: {call: seat.find, with: {city: '${{ inputs.city }}'}}
  train: {call: rail.book, with: {seat: '${{ seat }}'}, retry: {attempts: 2, delay: 10ms}}
  hotel:
    call: hotel.book
    with: {seat: '${{ seat }}'}
    undo: {call: hotel.free, with: {room: '${{ result }}'}}
  entry: {call: ledger.note, with: {text: '${{ train }}'}}
  mail:
    call: mail.send
    with: {text: '${{ hotel }}'}
    needs: [entry]
    on_error: undo
outputs: {train: '${{ train }}'}
"""

LEDGER = """
interlock: 1
name: ledger
nodes:
  one: {call: ledger.note, with: {text: one}, retry: {attempts: 2, delay: 10ms}}
  two: {call: ledger.note, with: {text: 'two ${{ one }}'}}
  mail: {call: mail.send, with: {text: 'note ${{ two }}'}}
outputs: {sent: '${{ mail }}'}
"""

LOOP = """
interlock: 1
name: loop_of_bookings
graphs:
  turn:
    inputs: {seat: {type: integer}}
    nodes:
      price: {call: fare.of, with: {seat: '${{ inputs.seat }}'}}
      train: {call: rail.book, with: {seat: '${{ price }}'}}
      mail: {call: mail.send, with: {text: '${{ train }}'}}
    outputs: {seat: '${{ price + 1 }}'}
nodes:
  again:
    repeat: turn
    with: {seat: 1}
    carry: {seat: '${{ result.seat }}'}
    until: result.seat > 4
    max: 5
outputs: {turns: '${{ again.turns }}'}
"""

CHOICE = """
interlock: 1
name: choice
nodes:
  near: {call: seat.find, with: {city: near}, on_error: continue}
  far: {call: seat.find, with: {city: far}}
  seat: {first_of: [near, far]}
  train: {call: rail.book, with: {seat: '${{ seat }}'}}
  told: {call: mail.send, with: {text: 'no'}, after: [near], when: nodes.near.status == 'failed'}
outputs: {train: '${{ train }}'}
"""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A document, its inputs and what its actions answer."""

    text: str
    inputs: Mapping[str, Json] = field(default_factory=dict[str, Json])
    told: Json = field(default_factory=dict[str, Json])
    ends: str = "succeeded"

    @cached_property
    def plan(self) -> Plan:
        return compile_graph(load(self.text).graph, REGISTRY)

    def answers(self, seed: int) -> Answers:
        return Answers.of(self.told, seed=seed)


WRITTEN = {
    "trip": Written(text=TRIP, inputs={"city": "Bern"}),
    "trip_undone": Written(
        text=TRIP,
        inputs={"city": "Bern"},
        told={"mail.send": {"not_applied": "refused"}, "hotel.book": {"output": "room 7"}},
        ends="failed",
    ),
    "ledger": Written(text=LEDGER, told={"one": [{"error": "locked"}, {"output": 1}]}),
    "loop": Written(
        text=LOOP, told={f"again#{turn}/price": {"output": turn} for turn in range(1, 5)}
    ),
    "choice": Written(text=CHOICE, told={"near": {"error": "full"}}),
}
