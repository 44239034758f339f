"""The options of a node in the Python form, as type checkers see them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, TypeAlias, TypedDict

Condition: TypeAlias = str | bool | Callable[[Any], object] | Callable[[Any, Any], object]


class CommonOptions(TypedDict, total=False):
    """What every node may say; see `docs/reference/python-form.md`.

    Attributes:
        id: the id of the node; the name that its output is assigned to, unless given.
        needs: outputs of nodes that must have succeeded before.
        after: outputs of nodes that must only have settled before.
        when: a condition; a node for which it is false is skipped.
        require: conditions over `args`, checked before the node starts.
        ensure: conditions over `result` and `args`, checked on its output.
        retry: the number of attempts, a `Retry`, or its fields as in a document.
        timeout: bound on each attempt, such as `30s`.
        deadline: bound on the node with all its attempts.
        on_error: `continue` lets the run go on when the node fails; `undo` takes back what the
            graph did.
    """

    id: str
    needs: object
    after: object
    when: object
    require: Condition | Sequence[Condition]
    ensure: Condition | Sequence[Condition]
    retry: object
    timeout: str | timedelta
    deadline: str | timedelta
    on_error: Literal["fail", "continue", "undo"]


class NodeOptions(CommonOptions, total=False):
    """The options of a node that calls an action or a graph.

    Attributes:
        returns: narrows the output: a type, or a JSON Schema.
        undo: the action that takes the effect back; or that action and its arguments: a dict, or a
            function of `result` and `args` that gives one.
    """

    returns: type[Any] | Mapping[str, Any] | bool
    undo: object
