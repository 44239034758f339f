"""Graphs: the model, the document form and its text, bodies, layout and schema.

What only some processes need (text, layout, the Python form, the form for models) is imported when
it is used first: a run that is replayed reads no YAML.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from interlock.graph.bodies import (
    WithBody as WithBody,
    body_kind as body_kind,
    find_body as find_body,
    visible_types as visible_types,
)
from interlock.graph.door import make_callable
from interlock.graph.drafts import Broken as Broken, Claim as Claim, Draft as Draft
from interlock.graph.expressions import (
    ENGINE as ENGINE,
    Expression as Expression,
    Finding as Finding,
    Placed as Placed,
    Reference as Reference,
    Scope as Scope,
    Template as Template,
    hyphen_hint as hyphen_hint,
    parse_expression as parse_expression,
    parse_template as parse_template,
    path_text as path_text,
    type_of as type_of,
)
from interlock.graph.identifiers import RESERVED as RESERVED
from interlock.graph.limits import DocumentLimits as DocumentLimits
from interlock.graph.model import (
    AnyNode as AnyNode,
    CallNode as CallNode,
    Defaults as Defaults,
    FirstOfNode as FirstOfNode,
    GateNode as GateNode,
    Graph as Graph,
    GraphNode as GraphNode,
    MapNode as MapNode,
    Node as Node,
    OnError as OnError,
    OnMax as OnMax,
    OnRefused as OnRefused,
    ProposeNode as ProposeNode,
    RepeatNode as RepeatNode,
    Retry as Retry,
    Undo as Undo,
    WaitNode as WaitNode,
)
from interlock.graph.reader import read_draft as read_draft, read_graph as read_graph
from interlock.graph.schemas import (
    SUBJECT as SUBJECT,
    subject_of as subject_of,
    without_subject as without_subject,
)
from interlock.graph.writer import to_document as to_document

if TYPE_CHECKING:
    from interlock.graph.layout import (
        document_text as document_text,
        format_document as format_document,
    )
    from interlock.graph.loading import Loaded as Loaded, draft as draft, load as load
    from interlock.graph.modelform import (
        draft_proposal as draft_proposal,
        from_model_form as from_model_form,
        model_schema as model_schema,
        read_proposal as read_proposal,
        to_model_form as to_model_form,
    )
    from interlock.graph.schema import document_schema as document_schema
    from interlock.graph.trace import (
        AnyGraphFunction as AnyGraphFunction,
        GraphFunction as GraphFunction,
        Mapped as Mapped,
        Status as Status,
        cel as cel,
        choose as choose,
        contains as contains,
        each as each,
        enclosing as enclosing,
        error_of as error_of,
        first_of as first_of,
        gate as gate,
        graph as graph,
        optional as optional,
        output_of as output_of,
        propose as propose,
        render_python as render_python,
        repeat as repeat,
        size as size,
        status as status,
        verbatim as verbatim,
        wait as wait,
        when as when,
    )
    from interlock.graph.yaml import read_text as read_text

_LATER = {
    "AnyGraphFunction": "trace",
    "cel": "trace",
    "choose": "trace",
    "contains": "trace",
    "document_schema": "schema",
    "document_text": "layout",
    "draft": "loading",
    "draft_proposal": "modelform",
    "each": "trace",
    "enclosing": "trace",
    "error_of": "trace",
    "first_of": "trace",
    "format_document": "layout",
    "from_model_form": "modelform",
    "gate": "trace",
    "graph": "trace",
    "GraphFunction": "trace",
    "load": "loading",
    "Loaded": "loading",
    "Mapped": "trace",
    "model_schema": "modelform",
    "optional": "trace",
    "output_of": "trace",
    "propose": "trace",
    "read_proposal": "modelform",
    "read_text": "yaml",
    "render_python": "trace",
    "repeat": "trace",
    "size": "trace",
    "Status": "trace",
    "status": "trace",
    "to_model_form": "modelform",
    "verbatim": "trace",
    "wait": "trace",
    "when": "trace",
}

__all__ = [
    "AnyGraphFunction",
    "AnyNode",
    "body_kind",
    "Broken",
    "CallNode",
    "cel",
    "choose",
    "Claim",
    "contains",
    "Defaults",
    "document_schema",
    "document_text",
    "DocumentLimits",
    "Draft",
    "draft",
    "draft_proposal",
    "each",
    "enclosing",
    "ENGINE",
    "error_of",
    "Expression",
    "find_body",
    "Finding",
    "first_of",
    "FirstOfNode",
    "format_document",
    "from_model_form",
    "gate",
    "GateNode",
    "graph",
    "Graph",
    "GraphFunction",
    "GraphNode",
    "hyphen_hint",
    "load",
    "Loaded",
    "MapNode",
    "Mapped",
    "model_schema",
    "Node",
    "OnError",
    "OnMax",
    "OnRefused",
    "optional",
    "output_of",
    "parse_expression",
    "parse_template",
    "path_text",
    "Placed",
    "propose",
    "ProposeNode",
    "read_draft",
    "read_graph",
    "read_proposal",
    "read_text",
    "Reference",
    "render_python",
    "repeat",
    "RepeatNode",
    "RESERVED",
    "Retry",
    "Scope",
    "size",
    "status",
    "Status",
    "SUBJECT",
    "subject_of",
    "Template",
    "to_document",
    "to_model_form",
    "type_of",
    "Undo",
    "verbatim",
    "visible_types",
    "wait",
    "WaitNode",
    "when",
    "WithBody",
    "without_subject",
]

make_callable(__name__)


def __getattr__(name: str) -> object:
    home = _LATER.get(name)
    if home is None:
        raise AttributeError(f"module `interlock.graph` has no attribute `{name}`")
    return getattr(import_module(f"interlock.graph.{home}"), name)
