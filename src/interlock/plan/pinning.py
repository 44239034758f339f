"""From what a run pinned back to its plan: no user code is needed."""

from functools import lru_cache
from typing import cast

from interlock.actions import Manifest
from interlock.errors import DocumentInvalid, JournalCorrupt
from interlock.graph import read_draft
from interlock.journal import Value
from interlock.plan.catalog import Catalog
from interlock.plan.compiler import plan_of
from interlock.plan.model import Limits, Plan
from interlock.values import Json

PLANS_KEPT_MAX = 16
"""Plans kept for the next run of the same graph: most journals hold many runs of few plans."""


@lru_cache(maxsize=PLANS_KEPT_MAX)
def restore(document: Value, manifests: Value) -> Plan:
    """Compile again what `RunStarted` pinned; equal values give the plan of before.

    Types were checked when the run began, and the digest says that this is the same plan: so they
    are not checked again. Arguments are checked when each node starts.

    Raises:
        JournalCorrupt: it does not compile.
    """
    actions, limits = _pinned(manifests.json)
    draft = read_draft(document.json)
    if not draft.is_valid:
        raise JournalCorrupt(f"the pinned document is no graph: {draft.diagnostics[0].message}")
    try:
        return plan_of(
            draft, document, actions=Catalog.of(actions), limits=limits, is_checked=False
        )
    except DocumentInvalid as error:
        raise JournalCorrupt(
            f"the pinned document does not compile: {error.diagnostics[0].message}"
        ) from error


def _pinned(data: Json) -> tuple[dict[str, Manifest], Limits]:
    """Read the manifests of the actions, and the limits if the run has its own."""
    own: Json = {}
    if isinstance(data, dict):
        data, own = data.get("actions"), data.get("limits")
    if not isinstance(data, list) or not isinstance(own, dict):
        raise JournalCorrupt("the pinned manifests are no list")
    manifests = [Manifest.from_json(each) for each in data]
    try:
        limits = Limits(**cast(dict[str, int], own))
    except TypeError as error:
        raise JournalCorrupt(f"the pinned limits cannot be read: {error}") from error
    return {manifest.name: manifest for manifest in manifests}, limits
