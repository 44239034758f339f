"""References: what an expression reads, found without running it."""

from difflib import get_close_matches
from typing import Literal, NamedTuple, TypeAlias

from interlock.errors import Diagnostic
from interlock.values import NodeId

Step: TypeAlias = str | int
Root = Literal["inputs", "node", "nodes", "result", "args", "item"]
Use = Literal["value", "operand", "null_test"]

# What `nodes.x.` offers: it is lenient, since it exists however `x` settled.
FACETS = ("status", "output", "error")


class Reference(NamedTuple):
    """One thing that an expression reads.

    Attributes:
        root: what kind of root the path starts at. `node` is strict (the output of a node that must
            have succeeded), `nodes` is lenient (`nodes.x.status`), `item` is an extra name.
        name: the root as written: `inputs`, `image`, `nodes`, `doc`.
        node: the node that is read, for the roots `node` and `nodes`.
        path: constant fields and indexes after the root (after the node, for `nodes`).
        span: where it stands in the text, as offsets of characters.
        optional_from: the first step that may be absent without harm, since it stands in `has(…)`
            or follows `.?`. None when each step must be there.
        use: `operand` when the value goes into something that refuses null, `null_test` when it is
            compared with null.
    """

    root: Root
    name: str
    node: NodeId | None
    path: tuple[Step, ...]
    span: tuple[int, int]
    optional_from: int | None = None
    use: Use = "value"

    @property
    def lead(self) -> int:
        """How many steps the address has before the path."""
        return 1 if self.root == "nodes" else 0

    @property
    def address(self) -> tuple[Step, ...]:
        """The steps from the root of the scope: what `select` or a getter needs."""
        return self.path if self.root != "nodes" else (str(self.node), *self.path)


class Chain(NamedTuple):
    """A name and the constant steps after it, before anything is known about the name."""

    name: str
    steps: tuple[Step, ...]
    span: tuple[int, int]
    optional_from: int | None = None
    use: Use = "value"


def resolve(chain: Chain, names: frozenset[str]) -> Reference | Diagnostic:
    """Say what a chain refers to; every unknown name is taken for the id of a node."""
    name, steps, span, optional_from, use = chain
    if name not in names and name not in _ROOTS:
        return Reference("node", name, NodeId(name), steps, span, optional_from, use)
    if chain.name in names:
        return _reference(chain, "item" if chain.name not in ("result", "args") else chain.name)
    if chain.name == "inputs":
        return _reference(chain, "inputs")
    if chain.name == "nodes":
        return _lenient(chain)
    if chain.name == "secrets":
        return Diagnostic(
            code="IL2205",
            message="`secrets` cannot be read in an expression",
            hint="give its name to an action that takes one, as `secret_headers` of `http.get`",
            span=chain.span,
        )
    return Diagnostic(
        code="IL2206",
        message=f"`{chain.name}` has no meaning here",
        hint=_MEANING[chain.name],
        span=chain.span,
    )


_MEANING = {
    "result": "`result` is the node's own output, in `ensure`, `undo`, `carry` and `until`;"
    " elsewhere name the node whose output you mean",
    "args": "`args` is the node's evaluated `with`, in `require`, `ensure`, `undo` and `bounds`;"
    " elsewhere use `inputs` or name a node",
}
_ROOTS = frozenset(("inputs", "nodes", "secrets", *_MEANING))


def _reference(chain: Chain, root: Root) -> Reference:
    name, steps, span, optional_from, use = chain
    return Reference(root, name, None, steps, span, optional_from, use)


def _lenient(chain: Chain) -> Reference | Diagnostic:
    node, facet = (*chain.steps, None, None)[:2]
    from_node = None if chain.optional_from is None else chain.optional_from - 1
    if isinstance(node, str) and facet in FACETS and (from_node is None or from_node >= 0):
        return Reference(
            root="nodes",
            name=chain.name,
            node=NodeId(node),
            path=chain.steps[1:],
            span=chain.span,
            optional_from=from_node,
            use=chain.use,
        )
    shown = node if isinstance(node, str) else "ID"
    offered = f"write one of {', '.join(f'`nodes.{shown}.{each}`' for each in FACETS)}"
    if isinstance(node, str) and isinstance(facet, str) and facet.isidentifier():
        is_slip = bool(get_close_matches(facet, FACETS, n=1))
        offered += "" if is_slip else f", or `{node}.{facet}` for a field of the output"
    return Diagnostic(
        code="IL2207",
        message="`nodes` must be followed by the id of a node and what to read of it",
        hint=offered,
        span=chain.span,
    )
