"""Calling: arguments are checked and bound to the action; its first attempt is ordered."""

from interlock.engine.state import At, call_of, order_attempt, settle
from interlock.journal import ErrorInfo, Value
from interlock.plan import CompiledCall


def launch_call(at: At, node: CompiledCall, args: Value) -> None:
    """Order the first attempt of a call, unless its arguments are not what the action takes."""
    if node.accepts is not None and not node.accepts.accepts(args.json):
        told = "; ".join(map(str, node.accepts.problems(args.json, limit=3)))
        error = ErrorInfo(
            code="IL6008", message=f"arguments of `{node.action.name}`: {told}", permanent=True
        )
        settle(at, "failed", error=error)
        return
    at.state.call = call_of(node.action.digest, args)
    order_attempt(at, node)
