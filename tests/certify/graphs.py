"""Graphs as users write them, over actions of every effect and safety, to be certified."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from interlock import Context, Registry, action
from interlock.graph import load
from interlock.library import exec_run
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


def leave(seat: int, result: int) -> bool: ...


@action("desk.take", effect="write", undo=leave)
def take(seat: int) -> int: ...


@action("ledger.note", effect="write", transactional=True)
def note(text: str) -> int: ...


@action("mail.send", effect="write")
def send(text: str) -> bool: ...


@action("model.draft", effect="read", cost_usd_max=0.01)
def draft(about: str) -> str: ...


@action("list.rooms", effect="read")
def rooms(city: str) -> list[str]: ...


tested = exec_run.derive("ci.test", effect="read", argv=["make", "test"])

CALLED = [find, fare, book, free, sleep, take, note, send, draft, rooms, tested, exec_run]
REGISTRY = Registry(CALLED)

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
  rest: {wait: {for: 5s}}
  train: {call: rail.book, with: {seat: '${{ seat }}'}, needs: [rest]}
  told: {call: mail.send, with: {text: 'no'}, after: [near], when: nodes.near.status == 'failed'}
outputs: {train: '${{ train }}'}
"""


RELEASE = """
interlock: 1
name: release
inputs: {version: {type: string}}
nodes:
  tests: {call: ci.test}
  text: {call: model.draft, with: {about: '${{ inputs.version }}'}}
  signoff:
    gate: {to: [lead], ask: 'Ship ${{ text }}?', for: [ship, mail], quorum: 2, expires: 7d}
    needs: [tests, text]
  ship: {call: exec.run, with: {argv: [make, ship, '${{ text }}']}, needs: [signoff]}
  soak: {wait: {for: 2d}, needs: [ship]}
  mail: {call: mail.send, with: {text: '${{ text }}'}, needs: [signoff], after: [soak]}
  booked:
    call: rail.book
    with: {seat: 7}
    needs: [soak]
outputs: {sent: '${{ mail }}', train: '${{ booked }}'}
"""

ASKED = """
interlock: 1
name: asked
graphs:
  one:
    inputs: {room: {type: string}}
    nodes:
      ask: {gate: {ask: 'Take ${{ inputs.room }}?', for: [take], expires: 1d}}
      paid:
        wait: {signal: paid, for: 3d, returns: {type: integer}}
      take:
        call: rail.book
        with: {seat: 3}
        needs: [ask]
        retry: {attempts: 2, delay: 10ms}
      note: {call: ledger.note, with: {text: 'paid ${{ paid }} ${{ take }}'}}
    outputs: {train: '${{ take }}', paid: '${{ paid }}'}
  turn:
    inputs: {n: {type: integer}}
    nodes:
      pause: {wait: {for: 1h}}
      go: {wait: {signal: go, for: 5d, returns: {type: integer}}, needs: [pause]}
      mail: {call: mail.send, with: {text: 'turn ${{ inputs.n }} ${{ go }}'}}
    outputs: {n: '${{ inputs.n + 1 }}'}
nodes:
  found: {call: list.rooms, with: {city: Bern}}
  each: {map: one, over: found, as: room, limit: 2, with: {room: '${{ room }}'}}
  again:
    repeat: turn
    with: {n: 1}
    carry: {n: '${{ result.n }}'}
    until: result.n > 2
    max: 3
outputs: {trains: '${{ each.results }}', turns: '${{ again.turns }}'}
"""

REFUSED = """
interlock: 1
name: refused
nodes:
  ask:
    gate: {ask: 'Spend?', for: [big], expires: 2h}
    on_refused: continue
  late:
    gate: {ask: 'In time?', for: [other], expires: 3h}
    on_refused: continue
  never: {wait: {signal: never, for: 1d}, on_error: continue}
  big: {call: mail.send, with: {text: big}, needs: [ask]}
  other: {call: exec.run, with: {argv: [other]}, needs: [late]}
  small: {call: mail.send, with: {text: small}, after: [ask], when: nodes.ask.status == 'refused'}
  either: {first_of: [big, small]}
  told: {call: mail.send, with: {text: '${{ string(either) }}'}, after: [never]}
outputs: {told: {value: '${{ told }}', optional: true}}
"""

BROKEN = """
interlock: 1
name: broken
nodes:
  seat: {call: seat.find, with: {city: Bern}}
  bound:
    gate: {ask: 'At most 100?', for: [train], bounds: {train: args.seat < 100}}
  train: {call: rail.book, with: {seat: '${{ seat }}'}, needs: [bound]}
  desk: {call: desk.take, with: {seat: 3}}
  hotel: {call: hotel.book, with: {seat: 3}, ensure: result != 'none', on_error: undo}
  mail: {call: mail.send, with: {text: '${{ hotel }}'}}
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
    "release": Written(text=RELEASE, inputs={"version": "2"}),
    "release_rejected": Written(
        text=RELEASE,
        inputs={"version": "2"},
        told={"signoff": [{"decide": "approved"}, {"decide": "rejected"}]},
        ends="refused",
    ),
    "asked": Written(
        text=ASKED,
        told={
            "found": {"output": ["blue", "green"]},
            "each/paid": {"output": 40},
            "again#2/go": [{"output": 7}],
        },
    ),
    "refused": Written(
        text=REFUSED,
        told={
            "ask": {"decide": "rejected"},
            "late": {"decide": "nobody"},
            "never": {"decide": "nobody"},
        },
    ),
    "broken": Written(
        text=BROKEN,
        told={"seat": {"output": 7}, "hotel": {"output": "none"}},
        ends="failed",
    ),
}
