"""From what a run pinned back to its plan: no user code is needed."""

from interlock.actions import Manifest
from interlock.errors import DocumentInvalid, JournalCorrupt
from interlock.graph import read_graph
from interlock.journal import Value
from interlock.plan.compiler import compile as compile_graph
from interlock.plan.model import Plan


def restore(document: Value, manifests: Value) -> Plan:
    """Compile again what `RunStarted` pinned.

    Raises:
        JournalCorrupt: it does not compile.
    """
    if not isinstance(manifests.json, list):
        raise JournalCorrupt("the pinned manifests are no list")
    actions = {manifest.name: manifest for manifest in map(Manifest.from_json, manifests.json)}
    graph, diagnostics = read_graph(document.json)
    if graph is None:
        raise JournalCorrupt(f"the pinned document is no graph: {diagnostics[0].message}")
    try:
        return compile_graph(graph, actions)
    except DocumentInvalid as error:
        raise JournalCorrupt(
            f"the pinned document does not compile: {error.diagnostics[0].message}"
        ) from error
