"""Simulated actions in the place of a plan's own: same names and schemas, no code of the user."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable
from random import Random
from typing import cast, final

from interlock.actions import Action, AnyAction, Context, Database, Manifest, Registry, Safety
from interlock.errors import NotApplied, Permanent
from interlock.plan import Plan
from interlock.testing.certifying.answers import Answer, Answers
from interlock.testing.certifying.courses import Course, Silent
from interlock.testing.certifying.outside import Outside, Request, receiver_key
from interlock.testing.certifying.places import actions_of, node_at
from interlock.testing.world import Moment, Point, Watcher
from interlock.values import Json, Path

DELAY_MS_MAX = 50
JUST_IN_TIME_MS = 1
LATE_S = 0.3
TOO_LATE_S = 30.0
"""Long after the runtime has given up on an action that goes on."""
MAKE_EFFECTS = "CREATE TABLE IF NOT EXISTS certified_effects (key TEXT)"
"""The table in which transactional writes take effect."""
PUT_EFFECT = "INSERT INTO certified_effects VALUES (?)"
LIST_EFFECTS = "SELECT key FROM certified_effects"


class Answered(Exception):
    """What an action raises that is answered with an error."""


RAISES = {"error": Answered, "not_applied": NotApplied, "permanent": Permanent}


@final
class Stage:
    """The actions of a plan, simulated; and the world outside.

    `watch` is called at each moment of each call. `answered` counts the answers that each path got.

    Args:
        plan: whose actions they are.
        answers: what they answer.
        course: what goes wrong.
        made_up: what was made up for a path before; it is added to.
    """

    def __init__(
        self, plan: Plan, answers: Answers, course: Course, *, made_up: dict[Path, Json]
    ) -> None:
        self.watch: Watcher | None = None
        self.outside = Outside()
        self.calls = 0
        self.answered: Counter[Path] = Counter()
        self.actions: dict[Path, Manifest] = {}
        self._plan = plan
        self._answers = answers
        self._course = course
        self._known = made_up
        self._registry = Registry(self._simulated(one) for one in actions_of(plan).values())

    @property
    def registry(self) -> Registry:
        """The simulated actions."""
        return self._registry

    def remember(self, answered: Iterable[Path]) -> None:
        """Forget the answers that a dead process took with it; these are what is durable."""
        self.answered = Counter(answered)

    def _simulated(self, manifest: Manifest) -> AnyAction:
        async def act(interlock_context: Context, **arguments: Json) -> Json:
            return await self._call(manifest, interlock_context, arguments)

        async def probe(interlock_context: Context, **arguments: Json) -> Json | None:
            await self._at("called", manifest, interlock_context, asks=True)
            key = receiver_key(manifest, interlock_context.idempotency_key, arguments)
            found = self.outside.find(key)
            await self._at("answering", manifest, interlock_context, asks=True)
            return found

        def commit(interlock_context: Context, **arguments: Json) -> Json:
            return self._commit(manifest, interlock_context, arguments)

        action: AnyAction = Action(
            commit if manifest.transactional else act,
            name=manifest.name,
            effect=manifest.effect,
            safety=Safety(
                key=manifest.key,
                probe=probe if manifest.probe else None,
                transactional=manifest.transactional,
            ),
            schemas=(manifest.arguments, manifest.returns),
        )
        # For the engine it is the action that it stands for: a run goes on under the same code.
        action.manifest = manifest
        return action

    async def _call(self, manifest: Manifest, ctx: Context, arguments: dict[str, Json]) -> Json:
        self.calls += 1
        self.actions[ctx.path] = manifest
        silent = self._course.silent
        lost = silent[1] if silent is not None and silent[0] == self.calls else None
        answer = self._answer(manifest, ctx, arguments)
        request = self._request(manifest, ctx, arguments, answer=answer)
        try:
            await self._at("called", manifest, ctx)
            await (_forever() if lost == "request" else self._delay(ctx, "request"))
        except asyncio.CancelledError:
            if request is not None and self._course.late and lost is None:
                self._arrives_late(ctx, request)
            raise
        output = answer.value
        if request is not None:
            taken = self.outside.take(request)
            output = taken if answer.does == "output" else output
            await self._at("applied", manifest, ctx)
        await (self._delay(ctx, "answer") if lost in (None, "request") else _lose(lost))
        self.answered[ctx.path] += 1
        await self._at("answering", manifest, ctx)
        if answer.does in RAISES:
            raise RAISES[answer.does](str(output))
        return output

    def _commit(self, manifest: Manifest, ctx: Context, arguments: dict[str, Json]) -> Json:
        """Take effect in the database of the journal; whatever is raised takes it back."""
        self.actions[ctx.path] = manifest
        answer = self._answer(manifest, ctx, arguments)
        key = receiver_key(manifest, ctx.idempotency_key, arguments)
        ctx.database.execute(MAKE_EFFECTS)
        ctx.database.execute(PUT_EFFECT, (key,))
        self.answered[ctx.path] += 1
        if answer.does in RAISES:
            raise RAISES[answer.does](str(answer.value))
        return answer.value

    def _answer(self, manifest: Manifest, ctx: Context, arguments: Json) -> Answer:
        path, number = ctx.path, self.answered[ctx.path] + 1
        found = self._answers.find(path, manifest.name, number)
        if found is not None:
            return found
        return Answer(value=self._made_up(manifest, path, arguments))

    def _made_up(self, manifest: Manifest, path: Path, arguments: Json) -> Json:
        if path in self._known:
            return self._known[path]
        node = node_at(self._plan, path)
        output = self._answers.examples.output(path, manifest, node, args=arguments)
        if node is not None and not node.ensure:  # Else it depends on the arguments.
            self._known[path] = output
        return output

    def _request(
        self, manifest: Manifest, ctx: Context, arguments: dict[str, Json], *, answer: Answer
    ) -> Request | None:
        """What is sent to the receiver; None when nothing will take place."""
        if manifest.effect != "write" or not _applies(answer, ctx.path):
            return None
        output = answer.value
        if answer.does != "output":
            number = self.answered[ctx.path] + 1
            output = self._answers.truth(ctx.path, manifest.name, number)
            if output is None:
                output = self._made_up(manifest, ctx.path, arguments)
        return Request(
            path=ctx.path,
            manifest=manifest,
            key=receiver_key(manifest, ctx.idempotency_key, arguments),
            output=output,
            deadline_ms=ctx.deadline_ms,
        )

    def _arrives_late(self, ctx: Context, request: Request) -> None:
        """Let a request whose sender is gone arrive at the last moment that it promised."""
        after_ms = max(0, ctx.deadline_ms - ctx.now() - JUST_IN_TIME_MS)
        self.outside.take_later(request, after_ms / 1000)

    async def _delay(self, ctx: Context, what: str) -> None:
        if not self._course.delays:
            return
        seed = f"{self._course.delays}/{ctx.path}/{ctx.attempt_no}/{what}"
        chance = Random(seed)  # noqa: S311 - seeded on purpose
        most_ms = min(DELAY_MS_MAX, max(1, (ctx.deadline_ms - ctx.now()) // 4))
        await asyncio.sleep(chance.randrange(most_ms) / 1000)

    async def _at(
        self, point: Point, manifest: Manifest, ctx: Context, *, asks: bool = False
    ) -> None:
        if self.watch is not None:
            name = f"{manifest.name}?" if asks else manifest.name
            moment = Moment(
                point=point,
                action=name,
                label=ctx.path,
                attempt_no=ctx.attempt_no,
                key=ctx.idempotency_key,
            )
            await self.watch(moment)


def effects_in(database: Database) -> Counter[str]:
    """Count the transactional writes that took place, by key."""
    database.execute(MAKE_EFFECTS)
    return Counter(str(key) for (key,) in database.execute(LIST_EFFECTS))


def _applies(answer: Answer, path: Path) -> bool:
    """Whether a write takes place: one that fails may have, all the same."""
    if answer.does == "not_applied":
        return False
    return answer.does == "output" or Random(f"{path}/{answer.value}").random() < 0.5  # noqa: S311


async def _lose(what: Silent) -> None:
    """Let an answer never come; or after the time-out, by which it is not impressed."""
    try:
        await _forever()
    except asyncio.CancelledError:
        if what == "answer":
            raise
    await asyncio.sleep(LATE_S if what == "late" else TOO_LATE_S)


async def _forever() -> None:
    await cast(Awaitable[None], asyncio.get_running_loop().create_future())
