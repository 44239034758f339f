"""A sound document, and mistakes that people make in it: each with the errors it must give."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from interlock.values import Json

Table: TypeAlias = dict[str, Json]

SOUND = """
interlock: 1
name: release
types:
  page: {type: object, properties: {id: {type: string}, url: {type: string, format: uri}}}
inputs:
  service: {type: string}
  day: {type: string, format: date}
  waits: {type: array, items: {type: number}, default: [1]}
defaults: {timeout: 30s}
graphs:
  probe:
    inputs: {url: {type: string, format: uri}, wait_s: {type: number}}
    nodes:
      get: {call: probe.http, with: {url: '${{ inputs.url }}', wait_s: '${{ inputs.wait_s }}'}}
      rows: {call: page.size, with: {url: '${{ inputs.url }}'}}
    outputs: {status: '${{ get.status }}', size: '${{ rows.size }}'}
nodes:
  image: {call: ci.build, with: {service: '${{ inputs.service }}', version: '1'}}
  tests:
    call: ci.test
    with: {image: '${{ image.ref }}', suites: [unit]}
    retry: {attempts: 3}
  deploy:
    call: deploy.apply
    with: {image: '${{ image.ref }}', env: staging}
    needs: [tests]
    when: '${{ tests.passed }}'
  probes:
    map: probe
    over: inputs.waits
    as: wait
    with: {url: '${{ deploy.url }}', wait_s: '${{ wait }}'}
  once:
    graph: probe
    with: {url: '${{ deploy.url }}', wait_s: 1}
  docs: {call: s3.list, with: {day: '${{ inputs.day }}'}, timeout: 5s}
  tell:
    call: mail.send
    with: {to: [a@example.org], subject: Done, body: 'Yes: ${{ docs.docs[0].id }}'}
    after: [probes]
    on_error: continue
  fix:
    propose: llm.graph
    with: {goal: Restart what hangs}
    actions: ['k8s.get_*']
    ensure: ['result != null']
outputs:
  url: {value: '${{ deploy.url }}', optional: true}
  names: '${{ docs.names }}'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """A change of the document, and the errors it gives: codes and pointers.

    `area` is what it makes unreadable or changes: two mistakes are independent when neither area
    holds the other. `blurs` are the nodes (or `inputs`) of which it makes the type unknown;
    `reads` are those whose type is what makes this a mistake.
    """

    area: str
    gives: tuple[tuple[str, str], ...]
    make: Callable[[Table], object]
    blurs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()

    def is_independent(self, other: "Mistake") -> bool:
        """Say whether both can be told of one document."""
        one, two = f"{self.area}/", f"{other.area}/"
        is_apart = not one.startswith(two) and not two.startswith(one)
        return (
            is_apart and not {*self.blurs} & {*other.reads} and not {*self.reads} & {*other.blurs}
        )


def part(tree: Table, path: Sequence[str]) -> Table:
    """Give the mapping at a path of keys."""
    here: Json = tree
    for name in path:
        here = cast(Table, here)[name]
    return cast(Table, here)


def wrong(code: str, path: str, value: Json, *, at: str | None = None, **more: Any) -> Mistake:
    """Put a wrong value somewhere; the error is told at this place, unless it says another."""
    *above, name = path.split("/")
    return Mistake(
        area=more.pop("area", path),
        gives=((code, f"/{path}" if at is None else at),),
        make=lambda tree: part(tree, above).update({name: value}),
        **more,
    )


def misspelt(path: str, new: str, **more: Any) -> Mistake:
    """Give a field a name that nobody knows."""
    *above, name = path.split("/")

    def change(tree: Table) -> None:
        table = part(tree, above)
        table[new] = table.pop(name)

    place = "".join(f"/{step}" for step in (*above, new))
    return Mistake(area=more.pop("area", path), gives=(("IL1104", place),), make=change, **more)


STRUCTURE = (
    wrong("IL1105", "description", 5),
    wrong("IL1104", "colour", "red"),
    wrong("IL1106", "inputs/Bad name", {"type": "string"}),
    wrong("IL1121", "inputs/day", {"type": 5}, at="/inputs/day/type", blurs=("day",)),
    wrong("IL1121", "types/page", 5),
    wrong(
        "IL1122",
        "inputs/extra",
        {"$ref": "#/types/pages"},
        at="/inputs/extra/$ref",
        reads=("types",),
    ),
    wrong("IL1111", "defaults/timeout", 30),
    wrong("IL1101", "graphs/broken", 5),
    wrong("IL1101", "nodes/odd", "ci.build"),
    wrong("IL1101", "nodes/docs", ["s3.list"], blurs=("docs",)),
    wrong("IL1106", "nodes/Two Words", {"call": "db.count"}),
    wrong("IL1107", "nodes/list", {"call": "db.count"}),
    wrong("IL1108", "nodes/idle", {"with": {"a": 1}}),
    wrong("IL1109", "nodes/twice", {"call": "ci.build", "graph": "probe"}),
    wrong("IL1110", "nodes/later", {"call": "db.count", "cache": "1h"}, at="/nodes/later/cache"),
    wrong("IL1110", "nodes/tell/with/body", {"secret": "token"}),
    wrong("IL1112", "nodes/tests/retry/attempts", 0),
    wrong("IL1105", "nodes/tests/on_error", "stop"),
    wrong("IL1105", "nodes/tell/after", "probes"),
    wrong("IL1111", "nodes/tests/timeout", "5 parsecs"),
    wrong("IL1114", "nodes/deploy/needs", ["tests", "tests"], at="/nodes/deploy/needs/1"),
    wrong("IL1113", "nodes/deploy/when", ["a"], blurs=("deploy/when",)),
    wrong("IL1113", "nodes/probes/over", 7),
    wrong("IL1106", "nodes/probes/as", "Wait"),
    wrong(
        "IL1121",
        "nodes/image/returns",
        {"type": "strng"},
        at="/nodes/image/returns/type",
        blurs=("image",),
    ),
    wrong(
        "IL1117", "nodes/once/graph", "prob", area="nodes/once", reads=("graphs",), blurs=("once",)
    ),
    wrong("IL1115", "nodes/fix/actions", ["k8s get"], at="/nodes/fix/actions/0"),
    wrong("IL1116", "nodes/fix/limit", 5),
    wrong(
        "IL1105",
        "outputs/url",
        {"value": "${{ deploy.url }}", "optional": "yes"},
        at="/outputs/url/optional",
    ),
    misspelt("nodes/image/call", "cal", area="nodes/image", blurs=("image",)),
    misspelt("nodes/docs/call", "action", area="nodes/docs", blurs=("docs",)),
    misspelt("nodes/tell/with", "wth"),
    misspelt("nodes/tell/with", "payload"),
    misspelt("inputs", "input", blurs=("day", "inputs")),
    misspelt("types", "typs", blurs=("types",)),
    misspelt("graphs", "graph", blurs=("graphs", "once", "probes")),
    misspelt("outputs", "output"),
    misspelt("nodes", "steps", blurs=("deploy/when", "docs", "image", "once", "tests")),
)

MEANING = (
    wrong("IL2001", "nodes/docs/call", "s3.lost", blurs=("docs",)),
    wrong("IL2001", "graphs/probe/nodes/get/call", "probe.htp"),
    wrong("IL2002", "nodes/fix/after", ["test"], at="/nodes/fix/after/0"),
    wrong("IL2002", "nodes/image/with/version", "${{ tset.id }}"),
    wrong("IL2003", "nodes/fix/when", "tests.pased", reads=("tests",)),
    wrong("IL2003", "outputs/names", "${{ docs.name }}", reads=("docs",)),
    Mistake(
        area="outputs/sum",
        gives=(("IL2003", "/outputs/sum"), ("IL2013", "/outputs/sum")),
        make=lambda tree: part(tree, ["outputs"]).update(sum="${{ once.sizes }}"),
        reads=("once", "deploy/when"),
    ),
    wrong("IL2004", "nodes/image/with/color", "red", area="nodes/image/with/color"),
    wrong("IL2005", "nodes/count", {"call": "db.load"}),
    wrong(
        "IL2005",
        "nodes/third",
        {"graph": "probe", "with": {"url": "https://a.example"}},
        at="/nodes/third/with",
        reads=("once",),
    ),
    wrong("IL2006", "nodes/deploy/with/env", "production"),
    wrong("IL2006", "nodes/once/with/wait_s", "1", reads=("once",)),
    wrong(
        "IL2007",
        "nodes/fix/with",
        {"goal": "${{ inputs.gaol }}"},
        at="/nodes/fix/with/goal",
        reads=("inputs",),
    ),
    wrong("IL2008", "nodes/tests/with/suites", "${{ image.ref }}", reads=("image",)),
    wrong(
        "IL2009", "nodes/image/ensure", ["result.ref"], at="/nodes/image/ensure", reads=("image",)
    ),
    wrong("IL2013", "outputs/id", "${{ deploy.id }}", reads=("deploy/when",)),
    wrong("IL2018", "nodes/tests/returns", {"type": "string"}, blurs=("tests",)),
    wrong("IL2200", "nodes/tests/with/image", "${{ a + }}"),
    wrong("IL2203", "nodes/image/when", "frobnicate(1)"),
    wrong("IL2206", "nodes/docs/with/day", "${{ args.day }}", reads=("docs",)),
    wrong("IL2211", "nodes/image/with/service", "${{ inputs.service"),
    wrong("IL1131", "nodes/once/deadline", "1d"),
    wrong("IL1132", "nodes/tests/after", ["tests"], at="/nodes/tests/after/0"),
)

MISTAKES = (*STRUCTURE, *MEANING)
