"""Where the agent's plans come from: a model, or files that stand in for one."""

import asyncio
import json
import os
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast, final

from interlock.actions import Context, Manifests, ProposalRules
from interlock.cli.project.pyproject import shown
from interlock.errors import InterlockError
from interlock.graph import document_text, read_text
from interlock.library import llm_graph
from interlock.runtime import SystemClock
from interlock.values import Json, Schema, digest

SHIPPED = Path(__file__).parent / "answers"
SHIPPED_WORDS = "a file that stands in for a model's answer"
BASE_URL = "OPENAI_BASE_URL"
KEY = "OPENAI_API_KEY"
MODEL = "INTERLOCK_MODEL"
TIMEOUT_MS = 180_000
TRIES_MAX = 4
GOAL = """\
Release one version of a small Python project; the input `version`, a string, says which. Before
anything is published: all is committed in git, the project at that commit has this version, the
index does not have it yet, the tests pass, a wheel is built, and its checksum is taken. A `propose`
node that calls `agent.checks` with `goal`, `commit`, `version` and `file`, that may use `check.*`,
and that returns an object with the boolean `passed`, chooses extra checks. Publish with
`index.publish` only if all of that is well. Last, prove with `install.verify` that what was
published can be installed. Say with `ensure` what must hold of each result.
Outputs: `file` and `sha256` of what was published."""
TEXT: Schema = {"type": "string"}
RETURNS: Schema = {
    "type": "object",
    "properties": {"file": TEXT, "sha256": TEXT},
    "required": ["file", "sha256"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A plan as it was answered: `text` is what is compiled, `file` is what messages call it.

    The text is bytes where a person may have edited a file: whether it is UTF-8 is not said yet.
    """

    by: str
    text: bytes | str
    file: str
    tree: Json = None

    @property
    def data(self) -> bytes:
        """The text as it goes into a file."""
        return self.text.encode() if isinstance(self.text, str) else self.text


class Source(Protocol):
    """Who is asked for a plan, at most `tries` times."""

    @property
    def tries(self) -> int:
        """How often it may be asked."""
        ...

    def answer(self, feedback: Sequence[str], previous: Json) -> Answer:
        """Answer, knowing what was answered last and what was wrong with it.

        Raises:
            ModelSilent: there is no answer.
        """
        ...


class ModelSilent(InterlockError):
    """No answer came from the model; says why."""

    code = "IL6001"


@final
class ShippedAnswers:
    """Two files stand in for a model: what they say is what happens."""

    tries = 2

    def __init__(self, folder: Path) -> None:
        self._files: Iterator[Path] = iter((folder / "first.yaml", folder / "second.yaml"))

    def answer(self, feedback: Sequence[str], previous: Json) -> Answer:  # noqa: ARG002 - files know all
        """Give the next file."""
        file = next(self._files)
        return Answer(by=SHIPPED_WORDS, text=file.read_bytes(), file=shown(file))


@final
class AskedModel:
    """A model behind an OpenAI-compatible endpoint; its answers are kept in a folder."""

    tries = TRIES_MAX

    def __init__(self, folder: Path, actions: Manifests) -> None:
        self._folder = folder
        self._actions = actions
        self._count = 0

    def answer(self, feedback: Sequence[str], previous: Json) -> Answer:
        """Ask the model, in the same way as `propose` nodes do."""
        self._count += 1
        clock = SystemClock()
        context = Context(
            idempotency_key=digest("demo", self._count),
            attempt_no=self._count,
            deadline_ms=clock.now_ms() + TIMEOUT_MS,
            now=clock.now_ms,
            random=lambda: 0.5,
            feedback=tuple(feedback),
            previous=previous,
            proposal=ProposalRules(actions=self._actions, returns=RETURNS),
        )
        try:
            tree = asyncio.run(_ask(GOAL, {"version": "1.3.0"}, context))
        except Exception as error:
            raise ModelSilent(f"{type(error).__name__}: {error}") from error
        text = _text(tree)
        file = self._folder / f"answer_{self._count}.yaml"
        file.write_text(text, encoding="utf-8")
        return Answer(by=f"model {os.environ.get(MODEL)}", text=text, file=str(file), tree=tree)


async def _ask(goal: str, given: Mapping[str, Json], ctx: Context) -> Json:
    found = llm_graph.func(goal=goal, ctx=ctx, **given)
    return await asyncio.wait_for(cast(Awaitable[Json], found), TIMEOUT_MS / 1000)


def _text(tree: Json) -> str:
    """Write what was answered as a document; what is none stays as it is, to be refused."""
    try:
        if isinstance(tree, dict):
            return document_text(tree)
    except InterlockError:
        pass
    return tree if isinstance(tree, str) else json.dumps(tree, indent=2, ensure_ascii=False)


def endpoint() -> str | None:
    """The address of the endpoint that the environment names; None when it names none."""
    return os.environ.get(BASE_URL) or (
        "https://api.openai.com/v1" if os.environ.get(KEY) else None
    )


def name_model(url: str) -> str | None:
    """Find out which model to ask: the environment says it, else the endpoint lists some.

    It is put into the environment, where the actions of this process and its children find it.
    """
    named = os.environ.get(MODEL)
    # OpenAI lists hundreds of models, and each costs something: there the user says which.
    if not named and os.environ.get(BASE_URL):
        named = os.environ[MODEL] = _first_listed(url) or "default"
    return named


def _first_listed(url: str) -> str | None:
    import httpx2

    key = os.environ.get(KEY)
    headers = {"authorization": f"Bearer {key}"} if key else {}
    try:
        answer = httpx2.get(f"{url.rstrip('/')}/models", headers=headers, timeout=10)
        return str(answer.json()["data"][0]["id"])
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, LookupError, TypeError):
        return None


async def propose_checks(
    shipped: Path, goal: str, given: Mapping[str, Json], *, ctx: Context
) -> Json:
    """Propose extra checks: from the shipped file when the workspace has it, else from a model."""
    proposal = shipped_proposal(shipped)
    return await _ask(goal, given, ctx) if proposal is None else proposal


def shipped_proposal(file: Path) -> Json:
    """Read a proposal that was shipped; None when there is none."""
    if not file.exists():
        return None
    tree, _ = read_text(file.read_bytes(), file=file.name)
    return tree
