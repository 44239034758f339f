"""A project with gates, waits and repeats, whose actions write files."""

PYPROJECT = """\
[tool.interlock]
app = "actions:registry"
"""

ACTIONS = """\
import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from interlock import Registry, action


@dataclass
class Deployment:
    id: str
    url: str


@action("deploy.rollback", effect="write")
def rollback(id: str) -> None:
    with open("log.txt", "a") as log:
        print("took back", id, file=log)


@action("deploy.apply", effect="write")
def apply(image: str, env: str) -> Deployment:
    with open("log.txt", "a") as log:
        print("deployed", image, "to", env, file=log)
    if Path("broken").exists():
        raise ConnectionError("the line went dead")
    return Deployment(env, f"https://{env}.example")


@action("probe.http", effect="read")
def probe(url: str) -> int:
    return 500 if Path("ill").exists() else 200


@action("stop.here", effect="read")
async def stop() -> int:
    # Press Ctrl-C, and let the loop hear of it before this returns.
    if not Path("stopped").exists():
        Path("stopped").touch()
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(10):
            await asyncio.sleep(0)
    return 1


@action("stop.never", effect="read")
async def never() -> int:
    return await asyncio.get_running_loop().create_future()


@action("num.add", effect="pure")
def add(n: int) -> int:
    return n + 1


registry = Registry([rollback, apply, probe, stop, never, add])
"""

RELEASE = """interlock: 1
name: release
inputs:
  version: {type: string}
nodes:
  staging:
    call: deploy.apply
    with: {image: 'api:${{ inputs.version }}', env: staging}
  smoke:
    call: probe.http
    with: {url: '${{ staging.url }}'}
    ensure: result == 200
  signoff:
    gate: {to: [release-managers], ask: 'Ship ${{ inputs.version }}?', expires: 4h}
    needs: [smoke]
  prod:
    call: deploy.apply
    with: {image: 'api:${{ inputs.version }}', env: prod}
    needs: [signoff]
outputs:
  url: '${{ prod.url }}'
"""

ORDER = """interlock: 1
name: order
nodes:
  paid:
    wait:
      signal: paid
      for: 3d
      returns: {type: object, properties: {cents: {type: integer}}, required: [cents]}
  cooled: {wait: {for: 1h}}
  two:
    gate: {ask: 'Two of you?', quorum: 2}
    needs: [paid]
outputs:
  cents: '${{ paid.cents }}'
"""

LATER = """interlock: 1
name: later
nodes:
  ok: {gate: {ask: Ask for money?}}
  paid:
    wait:
      signal: paid
      for: 3d
      returns: {type: object, properties: {cents: {type: integer}}, required: [cents]}
    needs: [ok]
outputs:
  cents: '${{ paid.cents }}'
"""

NESTED = """interlock: 1
name: nested
graphs:
  inner:
    nodes:
      ok: {gate: {ask: Go on?}}
      add: {call: num.add, with: {n: 1}, needs: [ok]}
    outputs: {n: '${{ add }}'}
nodes:
  one: {graph: inner}
outputs: {n: '${{ one.n }}'}
"""

LOOP = """interlock: 1
name: loop
graphs:
  step:
    inputs: {n: {type: integer}}
    nodes:
      more: {call: num.add, with: {n: '${{ inputs.n }}'}}
    outputs: {n: '${{ more }}'}
nodes:
  count:
    repeat: step
    with: {n: 0}
    carry: {n: '${{ result.n }}'}
    until: result.n >= 3
    max: 8
  none: {call: num.add, with: {n: 1}, when: 'false'}
  any: {first_of: [none, one]}
  one: {call: num.add, with: {n: '${{ count.n }}'}}
outputs:
  any: '${{ any }}'
"""

STOPS = """interlock: 1
name: stops
nodes:
  first: {call: deploy.apply, with: {image: a, env: test}}
  second: {call: stop.here, needs: [first]}
  last: {call: num.add, with: {n: '${{ second }}'}}
outputs:
  n: '${{ last }}'
"""

BACK = """interlock: 1
name: back
graphs:
  region:
    inputs: {env: {type: string}}
    nodes:
      up:
        call: deploy.apply
        with: {image: api, env: '${{ inputs.env }}'}
        undo: {call: deploy.rollback, with: {id: '${{ result.id }}'}}
    outputs: {id: '${{ up.id }}'}
nodes:
  staging:
    call: deploy.apply
    with: {image: api, env: staging}
    undo: {call: deploy.rollback, with: {id: '${{ result.id }}'}}
  regions:
    map: region
    over: '${{ ["eu", "us"] }}'
    as: env
    with: {env: '${{ env }}'}
    needs: [staging]
  notice:
    call: deploy.apply
    with: {image: notice, env: board}
    needs: [regions]
  smoke:
    call: probe.http
    with: {url: '${{ staging.url }}'}
    needs: [notice]
    ensure: result == 200
    on_error: undo
"""

ENDLESS = """interlock: 1
name: endless
nodes:
  first: {call: num.add, with: {n: 1}}
  hang: {call: stop.never, needs: [first]}
outputs: {n: '${{ hang }}'}
"""

FILES = {
    "pyproject.toml": PYPROJECT,
    "actions.py": ACTIONS,
    "release.yaml": RELEASE,
    "order.yaml": ORDER,
    "later.yaml": LATER,
    "nested.yaml": NESTED,
    "loop.yaml": LOOP,
    "stops.yaml": STOPS,
    "back.yaml": BACK,
    "endless.yaml": ENDLESS,
}
