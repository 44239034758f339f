"""An agent: a model proposes what to do next, and what it proposes is checked before it runs.

Each turn of the model is a graph. It may use the actions that the node above it allows, and may end
with another turn: so the loop of the agent becomes scopes inside of scopes, all in one journal. The
model is a script here, and its first proposal is wrong: it comes back to it as diagnostics.
"""

from dataclasses import dataclass

from interlock import Context, Registry, action, graph, propose, run

HEADS = {"cel": ["cel-spec", "cel-cpp"], "yaml": ["yaml-1.2"]}
PAGES = {"cel-spec": "CEL evaluates in linear time.", "cel-cpp": "A C++ library."}


@dataclass
class Answer:
    answer: str


@action("docs.search", effect="read")
def search(words: str) -> list[str]:
    """List the pages that a word leads to."""
    return HEADS.get(words, [])


@action("docs.open", effect="read")
def open_page(name: str) -> str:
    """Read a page."""
    return PAGES[name]


@action("docs.delete", effect="write")
def delete_page(name: str) -> None:
    """No turn of the model is allowed to use this one."""
    raise AssertionError(name)


@action("agent.turn", effect="read", metered=True)
def turn(question: str, notes: list[str], ctx: Context) -> object:
    """Ask the model what to do next. It answers with a graph."""
    if ctx.feedback:
        print("the model is told:", ctx.feedback[0].partition(" (hint")[0])
    match notes:
        case []:
            # The first attempt names an action that no turn may use.
            name = "docs.search" if ctx.feedback else "docs.delete"
            return step("look", {"call": name, "with": {"words": "cel"}}, note="did[0]")
        case [page]:
            return step("read", {"call": "docs.open", "with": {"name": page}}, note="did")
        case _:
            answer = f"{question} {notes[-1]}"
            return {**FORM, "name": "done", "nodes": {}, "outputs": {"answer": answer}}


FORM = {"interlock": 1}
NOTES = {"type": "array", "items": {"type": "string"}}
ANSWER = {
    "type": "object",
    "properties": {"answer": {"type": "string"}},
    "required": ["answer"],
}


def step(name: str, node: dict[str, object], *, note: str) -> object:
    """Propose one call, and then the next turn with what it found."""
    following = {
        "propose": "agent.turn",
        "with": {
            "question": "${{ inputs.question }}",
            "notes": "${{ inputs.notes + [" + note + "] }}",
        },
        "returns": ANSWER,
    }
    return {
        **FORM,
        "name": name,
        "inputs": {"question": {"type": "string"}, "notes": NOTES},
        "nodes": {"did": node, "following": following},
        "outputs": {"answer": "${{ following.answer }}"},
    }


@graph
def agent(question: str) -> str:
    allowed = [turn, search, open_page]
    first = propose(turn, returns=Answer, actions=allowed, repairs_max=1)(question, [])
    return first.answer


registry = Registry([turn, search, open_page, delete_page])
result = run(agent, registry=registry, question="How fast is CEL?")
print(result.status)
print(result.output)
