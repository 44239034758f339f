"""A graph of fifty nodes, of every kind and effect: how long does it take to certify it?

`time PYTHONPATH=tests python -m certify.fifty` says it.
"""

import sys

from certify.graphs import Written
from interlock.testing import Certification, certify
from interlock.values import Json

STAGES = 4

HEAD = """
interlock: 1
name: fifty
inputs: {city: {type: string}}
graphs:
  one:
    inputs: {room: {type: string}}
    nodes:
      draft: {call: model.draft, with: {about: '${{ inputs.room }}'}}
      free: {call: hotel.free, with: {room: '${{ draft }}'}}
    outputs: {done: '${{ free }}'}
  turn:
    inputs: {seat: {type: integer}}
    nodes:
      price: {call: fare.of, with: {seat: '${{ inputs.seat }}'}}
      train: {call: rail.book, with: {seat: '${{ price }}'}}
    outputs: {seat: '${{ inputs.seat + 1 }}', train: '${{ train }}'}
nodes:
  signoff:
    gate: {ask: 'Travel to ${{ inputs.city }} for ${{ money }}?', for: [paid], expires: 30d}
    needs: [money]
  money: {wait: {signal: money, for: 30d, returns: {type: integer}}}
  paid: {call: mail.send, with: {text: 'paid ${{ money }}'}, needs: [signoff]}
  rest: {wait: {for: 2d}}
"""

STAGE = """
  rooms_N: {call: list.rooms, with: {city: '${{ inputs.city }}'}, needs: [BEFORE]}
  near_N: {call: seat.find, with: {city: '${{ inputs.city }}'}, needs: [BEFORE]}
  far_N: {call: seat.find, with: {city: far}, needs: [BEFORE], on_error: continue}
  seat_N: {first_of: [near_N, far_N]}
  fare_N: {call: fare.of, with: {seat: '${{ seat_N }}'}}
  train_N: {call: rail.book, with: {seat: '${{ seat_N }}'}}
  hotel_N: {call: hotel.book, with: {seat: '${{ fare_N }}'}}
  each_N: {map: one, over: rooms_N, as: room, with: {room: '${{ room }}'}}
  again_N:
    repeat: turn
    with: {seat: 1}
    carry: {seat: '${{ result.seat }}'}
    until: result.seat > 2
    max: 3
  entry_N: {call: ledger.note, with: {text: '${{ train_N }} ${{ hotel_N }}'}}
  mail_N: {call: mail.send, with: {text: 'no ${{ entry_N }}'}, needs: [each_N, again_N]}
"""

TAIL = """
  build: {call: ci.test, needs: [mail_4]}
  ship: {call: exec.run, with: {argv: [ship]}, needs: [build]}
outputs: {shipped: '${{ ship.exit_code }}'}
"""


def _text() -> str:
    stages = [
        STAGE.replace("BEFORE", f"mail_{number - 1}" if number > 1 else "paid, rest").replace(
            "_N", f"_{number}"
        )
        for number in range(1, STAGES + 1)
    ]
    return "".join((HEAD, *stages, TAIL))


def _told() -> Json:
    """What decides how much there is to do; the rest is made up."""
    rooms: Json = {"output": ["blue", "green"]}
    return {"list.rooms": rooms, "far_2": {"error": "full"}, "train_3": [{"output": "t3"}]}


FIFTY = Written(text=_text(), inputs={"city": "Bern"}, told=_told())


def certified() -> Certification:
    return certify(FIFTY.plan, FIFTY.inputs, answers=FIFTY.answers(0))


if __name__ == "__main__":
    found = certified()
    nodes, events = len(FIFTY.plan.root.nodes), len(found.baseline.entries)
    end = "passed" if found.passed else "FAILED"
    sys.stdout.write(f"{nodes} nodes, {events} events, {found.tried} courses: {end}\n")
