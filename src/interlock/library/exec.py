"""`exec.run`: a program with an argument list and no shell."""

import os
import signal
from collections.abc import Mapping, Sequence

from interlock.actions import Action, Context, declare
from interlock.errors import ActionFailed, UsageError
from interlock.library.processes import Ended, Program, ProgramNotStarted, run_program
from interlock.library.rooted import Root
from interlock.library.texts import ending, excerpt
from interlock.values import Json, Schema

OUTPUT_BYTES_MAX = 256 << 10
OUTPUT_BYTES_LIMIT = 1 << 20
ENVIRONMENT: tuple[str, ...] = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ")
OURS = "INTERLOCK_SECRET_"
VERSION = "1"

_TEXTS: Schema = {"type": "object", "additionalProperties": {"type": "string"}, "default": {}}
ARGUMENTS: Schema = {
    "type": "object",
    "properties": {
        "argv": {
            "type": "array",
            "items": {"type": "string"},
            "description": "the program and its arguments; no shell reads them",
        },
        "cwd": {
            "type": "string",
            "default": ".",
            "description": "a folder below the root in which the program starts",
        },
        "env": {**_TEXTS, "description": "variables with their values"},
        "env_allow": {
            "type": "array",
            "items": {"type": "string"},
            "default": [*ENVIRONMENT],
            "description": "variables that are passed on from the environment of Interlock",
        },
        "env_secret": {**_TEXTS, "description": "variables with the names of secrets"},
        "stdin": {"type": "string", "default": ""},
        "output_bytes_max": {
            "type": "integer",
            "minimum": 0,
            "maximum": OUTPUT_BYTES_LIMIT,
            "default": OUTPUT_BYTES_MAX,
            "description": "of stdout the beginning is kept, of stderr the end",
        },
        "ok_codes": {
            "type": ["array", "null"],
            "items": {"type": "integer"},
            "default": [0],
            "description": "exit codes that are results and not errors; null: all",
        },
    },
    "required": ["argv"],
    "additionalProperties": False,
}
RETURNS: Schema = {
    "type": "object",
    "properties": {
        "exit_code": {"type": "integer"},
        "stdout": {"type": "string"},
        "stderr": {"type": "string"},
        "truncated": {"type": "boolean"},
    },
    "required": ["exit_code", "stdout", "stderr", "truncated"],
    "additionalProperties": False,
}


class ProgramFailed(ActionFailed):
    """The program ended with a code that is none of `ok_codes`."""


def make_exec(root: Root) -> Action[..., object]:
    """Make `exec.run` for programs that start below a root."""

    async def run(
        *,
        argv: Sequence[str],
        ctx: Context,
        cwd: str = ".",
        env: Mapping[str, str] | None = None,
        env_allow: Sequence[str] = ENVIRONMENT,
        env_secret: Mapping[str, str] | None = None,
        stdin: str = "",
        output_bytes_max: int = OUTPUT_BYTES_MAX,
        ok_codes: Sequence[int] | None = (0,),
    ) -> Json:
        """Run a program, without a shell."""
        if not argv:
            raise ProgramNotStarted("`argv` is empty", hint="it begins with the program")
        environment = {
            **inherited(env_allow),
            **(env or {}),
            **secret_values(env_secret or {}, ctx),
        }
        ended = await run_program(
            Program(
                argv=argv,
                folder=root.resolved(cwd),
                environment=environment,
                stdin=stdin.encode("utf-8"),
                output_bytes_max=output_bytes_max,
            )
        )
        if ok_codes is not None and ended.code not in ok_codes:
            hint = "" if ended.code < 0 else "`ok_codes` lists the exit codes that are results"
            raise ProgramFailed(told(argv[0], ended), hint=hint)
        return {
            "exit_code": ended.code,
            "stdout": ended.stdout.decode("utf-8", "replace"),
            "stderr": ended.stderr.decode("utf-8", "replace"),
            "truncated": ended.truncated,
        }

    return declare(
        "exec.run", run, effect="write", version=VERSION, arguments=ARGUMENTS, returns=RETURNS
    )


def inherited(names: Sequence[str]) -> dict[str, str]:
    """Give the variables of our environment that are passed on.

    Raises:
        ProgramNotStarted: one of them holds a secret of ours.
    """
    for name in names:
        if name.startswith(OURS):
            raise ProgramNotStarted(
                f"`{excerpt(name)}` holds a secret",
                hint="name the secret in `env_secret`, so that it is masked in what is written",
            )
    return {name: os.environ[name] for name in names if name in os.environ}


def secret_values(names: Mapping[str, str], ctx: Context) -> dict[str, str]:
    """Resolve the secrets of variables.

    Raises:
        ProgramNotStarted: there is no such secret.
    """
    try:
        return {variable: ctx.secret(name) for variable, name in names.items()}
    except UsageError as error:
        raise ProgramNotStarted(error.message, hint=error.hint) from error


def told(program: str, ended: Ended) -> str:
    """Say how a program failed, with the end of what it said."""
    name = excerpt(program, limit=100)
    if ended.code < 0:
        how = f"`{name}` was killed by {_signal_name(-ended.code)}"
    else:
        how = f"`{name}` ended with exit code {ended.code}"
    said = ended.stderr or ended.stdout
    where = "stderr" if ended.stderr else "stdout"
    text = ending(said.decode("utf-8", "replace"))
    return f"{how}; its {where} ends: {text}" if text else f"{how} and wrote nothing"


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


exec_run = make_exec(Root("."))
