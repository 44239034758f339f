"""The Python form: a function whose body, run once on references, describes a graph."""

from interlock.graph.trace.flow import (
    first_of as first_of,
    gate as gate,
    repeat as repeat,
    wait as wait,
)
from interlock.graph.trace.formulas import (
    Status as Status,
    cel as cel,
    choose as choose,
    contains as contains,
    error_of as error_of,
    output_of as output_of,
    size as size,
    status as status,
    verbatim as verbatim,
)
from interlock.graph.trace.graphs import (
    AnyGraphFunction as AnyGraphFunction,
    GraphFunction as GraphFunction,
    enclosing as enclosing,
    graph as graph,
)
from interlock.graph.trace.mapped import Mapped as Mapped
from interlock.graph.trace.mapping import each as each
from interlock.graph.trace.rendering import render_python as render_python
from interlock.graph.trace.results import optional as optional
from interlock.graph.trace.structure import propose as propose, when as when

__all__ = [
    "AnyGraphFunction",
    "cel",
    "choose",
    "contains",
    "each",
    "enclosing",
    "error_of",
    "first_of",
    "gate",
    "graph",
    "GraphFunction",
    "Mapped",
    "optional",
    "output_of",
    "propose",
    "render_python",
    "repeat",
    "size",
    "status",
    "Status",
    "verbatim",
    "wait",
    "when",
]
