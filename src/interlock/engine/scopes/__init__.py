"""Scopes: opened, counted, stopped, and opened again."""

from interlock.engine.scopes.opening import (
    ScopeEnd as ScopeEnd,
    count_again as count_again,
    inputs_problem as inputs_problem,
    is_let as is_let,
    open_graph as open_graph,
    open_scope as open_scope,
    over_limit as over_limit,
    settle_composite as settle_composite,
    worst as worst,
)
from interlock.engine.scopes.reopening import (
    did_not_last as did_not_last,
    forget as forget,
    on_reopened as on_reopened,
    reopen as reopen,
    to_be_repeated as to_be_repeated,
)
from interlock.engine.scopes.stopping import (
    CANCELLED as CANCELLED,
    end_unsent as end_unsent,
    on_node_cancelled as on_node_cancelled,
    on_run_cancelled as on_run_cancelled,
    stop_map as stop_map,
    stop_run as stop_run,
    stopped as stopped,
    stopping as stopping,
)

__all__ = [
    "CANCELLED",
    "count_again",
    "did_not_last",
    "end_unsent",
    "forget",
    "inputs_problem",
    "is_let",
    "on_node_cancelled",
    "on_reopened",
    "on_run_cancelled",
    "open_graph",
    "open_scope",
    "over_limit",
    "reopen",
    "ScopeEnd",
    "settle_composite",
    "stop_map",
    "stop_run",
    "stopped",
    "stopping",
    "to_be_repeated",
    "worst",
]
