"""Structure: `when` and `propose`; `each` has a module of its own."""

from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, NoReturn, ParamSpec, TypeVar, Unpack, cast, final, overload

from interlock.actions import Action, AnyAction, CommonOptions
from interlock.errors import UsageError
from interlock.graph.model import ProposeNode
from interlock.graph.trace.arguments import arguments, bind, hints_of
from interlock.graph.trace.literals import shown
from interlock.graph.trace.recording import current, open_site, record

P = ParamSpec("P")
T = TypeVar("T")


@final
class When:
    """A block whose nodes have a condition (see `when`)."""

    def __init__(self, condition: object) -> None:
        self.tracing = current("`when`")
        self.condition = self.tracing.condition(condition)
        self.entered = False
        self.tracing.blocks.append(self)

    def __enter__(self) -> None:
        self.entered = True
        self.tracing.conditions.append(self.condition)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.tracing.conditions.pop()

    def __bool__(self) -> NoReturn:
        raise UsageError(
            "`if when(...)` is always true",
            hint="write `with when(condition):` and the calls below it",
            code="IL1153",
        )


def when(condition: object) -> When:
    """Let the calls in a `with` block run only if a condition holds.

    Else they are skipped. Blocks inside of blocks need all their conditions. A condition is an
    expression of references, or CEL as text.
    """
    return When(condition)


@overload
def propose(
    action: Callable[P, Any],
    /,
    *,
    returns: type[T],
    actions: Iterable[str | AnyAction] = (),
    repairs_max: int = 0,
    **options: Unpack[CommonOptions],
) -> Callable[P, T]: ...
@overload
def propose(
    action: Callable[P, Any],
    /,
    *,
    returns: Mapping[str, Any] | bool | None = None,
    actions: Iterable[str | AnyAction] = (),
    repairs_max: int = 0,
    **options: Unpack[CommonOptions],
) -> Callable[P, Any]: ...
def propose(
    action: Callable[P, Any],
    /,
    *,
    returns: object = None,
    actions: Iterable[str | AnyAction] = (),
    repairs_max: int = 0,
    **options: Unpack[CommonOptions],
) -> Callable[P, Any]:
    """Let an action propose a graph, which is compiled and then executed.

    It is compiled under the same rules. Call what this returns with the arguments of the action:
    `propose(plan_fix)(goal=goal)`.

    Args:
        action: an action that returns a document.
        returns: what the outputs of the proposed graph must satisfy: a type, or a JSON Schema.
        actions: what the proposal may use, as actions or as patterns such as `k8s.get_*`; nothing
            given allows what this graph may use. It can only narrow.
        repairs_max: how often a proposal that does not compile is sent back with its diagnostics.
        options: the options of any node.
    """
    if not isinstance(action, Action):
        told = f"`propose` is given {shown(action)}, which is no action"
        raise UsageError(told, hint="decorate it with `@action`", code="IL1155")
    proposer = cast(AnyAction, action)
    settings = {**cast(Mapping[str, object], options), "returns": returns}
    allowed = tuple([actions] if isinstance(actions, str) else actions)

    def call(*args: P.args, **kwargs: P.kwargs) -> Any:
        words = f"`{proposer.name}`"
        tracing = current(words)
        how = 'propose(..., id="{}")'
        site = open_site(tracing, settings, words=words, short=proposer.name, how=how)
        hints = hints_of(proposer)
        given = bind(tuple(hints), args, kwargs, words=words)
        node = ProposeNode(
            id=site.id,
            action=proposer.name,
            actions=tuple(one if isinstance(one, str) else one.name for one in allowed),
            repairs_max=repairs_max,
            with_=arguments(given, tracing, words=words, hints=hints),
            **site.settings,
        )
        tracing.actions += [proposer, *(one for one in allowed if not isinstance(one, str))]
        return record(tracing, site, node, schema=lambda: True)

    return call
