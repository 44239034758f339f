"""From a document to Python and back: the same graph, digest for digest."""

from collections.abc import Iterator

from hypothesis import example, given

from interlock.actions import Registry, declare
from interlock.graph import (
    CallNode,
    Graph,
    GraphFunction,
    ProposeNode,
    load,
    read_graph,
    render_python,
    to_document,
)
from interlock.plan import compile as compile_graph
from interlock.values import NodeId
from unit.graph.graphs import graphs
from unit.graph.trace.sound import REGISTRY, sound_graphs


def names_of(graph: Graph) -> Iterator[str]:
    for node in graph.nodes.values():
        if isinstance(node, CallNode | ProposeNode):
            yield node.action
        if node.undo is not None:
            yield node.undo.action
    for body in graph.graphs.values():
        yield from names_of(body)


def open_registry(graph: Graph) -> Registry:
    """Make a registry of all actions that a graph names, which take and return anything."""
    names = dict.fromkeys(names_of(graph))
    return Registry(declare(name, lambda **_: None, arguments={"type": "object"}) for name in names)


def traced(source: str, registry: Registry) -> GraphFunction[..., object]:
    """Execute a program; its last function is the graph."""
    found: dict[str, object] = {"registry": registry, "__name__": "program"}
    exec(compile(source, "<program>", "exec"), found)
    return [one for one in found.values() if isinstance(one, GraphFunction)][-1]


ODD = "a \ufdd0 b \ufdd1"
ODD_TEXTS = Graph(
    name="odd",
    description=ODD,
    nodes={
        NodeId("a"): CallNode(
            id=NodeId("a"),
            action="a.b",
            with_={"x": {ODD: [ODD]}, ODD: 1},
            when=f"inputs.x == '{ODD}'",
            ensure=(ODD,),
            returns={"const": ODD},
        )
    },
    outputs={"x": ODD, "y": {ODD: "${{ a." + ODD + " }}"}},
)


@given(graphs())
@example(ODD_TEXTS)
def test_any_graph_comes_back_from_python(graph: Graph):
    source = render_python(graph)
    assert traced(source, open_registry(graph)).graph == graph, source


@given(sound_graphs())
def test_a_graph_has_one_digest_in_both_forms(graph: Graph):
    plan = compile_graph(graph, REGISTRY)
    source = render_python(graph)
    function = traced(source, REGISTRY)
    assert compile_graph(function, REGISTRY).digest == plan.digest, source
    read, problems = read_graph(to_document(function.graph))
    assert problems == ()
    assert read == function.graph == graph


DOCUMENT = """
interlock: 1
name: release
description: Build, try, ship
inputs:
  service: {type: string}
  version: {type: string, pattern: '^[0-9.]+$'}
  tries: {type: integer, default: 3}
graphs:
  one:
    inputs: {url: {type: string}}
    nodes:
      page: {call: http.get, with: {url: '${{ inputs.url }}'}}
    outputs: {size: '${{ page.size }}'}
nodes:
  image:
    call: ci.build
    with: {service: '${{ inputs.service }}', tag: 'v${{ inputs.version }}'}
    retry: {attempts: 3}
  tests: {map: one, over: '${{ image.urls }}', as: url, limit: 4, with: {url: '${{ url }}'}}
  pages: {map: one, over: image.urls, as: doc, key: doc.id, with: {url: '${{ doc.url }}'}}
  prod:
    call: deploy.apply
    with:
      image: '${{ image.ref }}'
      note: '${{ image.ref in ["a"] }}'
      deep: {sizes: ['${{ tests.count + 1 }}']}
    needs: [pages]
    when: inputs.tries > 1 && !(image.ok || tests.failed == 2)
    ensure: [result.status == 200, result.ok]
    timeout: 60s
outputs:
  url: {value: '${{ prod.url }}', optional: true}
  status: '${{ nodes.prod.status }}'
"""

PYTHON = '''\
"""Graph `release`, written from its document."""

from typing import Any

from interlock import cel, each, graph, optional, status, when

ci_build = registry.get("ci.build")
deploy_apply = registry.get("deploy.apply")
http_get = registry.get("http.get")


@graph
def one(url: str) -> Any:
    page = http_get(url=url)
    return {"size": page.size}


@graph(inputs={"version": {"type": "string", "pattern": "^[0-9.]+$"}})
def release(service: str, version: Any, tries: int = 3) -> Any:
    """Build, try, ship"""
    image = ci_build.using(retry=3)(service=service, tag=f"v{version}")
    tests = each(one, image.urls, limit=4)
    pages = each(one, image.urls, with_=lambda doc: {"url": doc.url}, key="doc.id")
    with when((tries > 1) & ~(image.ok | (tests.failed == 2))):
        prod = deploy_apply.using(
            needs=[pages],
            ensure=["result.status == 200", "result.ok"],
            timeout="1m",
        )(image=image.ref, note=cel('image.ref in ["a"]'), deep={"sizes": [tests.count + 1]})
    return {"url": optional(prod.url), "status": status(prod)}
'''


def test_python_reads_as_people_write_it():
    assert render_python(load(DOCUMENT).graph) == PYTHON
