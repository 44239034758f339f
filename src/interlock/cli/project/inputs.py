"""The inputs of a run, from `-i NAME=VALUE` and `--inputs FILE`, read as the graph declares."""

import difflib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from interlock.cli.project.sources import STDIN, STDIN_NAME, read_bytes
from interlock.cli.terminal.console import aligned, counted, listed, one_line
from interlock.errors import InputsInvalid, UsageError, ValueRefused
from interlock.graph import read_text
from interlock.plan import Plan
from interlock.values import Checker, Json, Schema, covers, describe, encode

VALUE_SHOWN_MAX = 60
TEXT: Schema = {"type": "string"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """An input that a graph declares."""

    name: str
    schema: Schema
    required: bool

    @property
    def words(self) -> str:
        """What it takes, in words."""
        return describe(self.schema)

    @property
    def takes_only_text(self) -> bool:
        """Whether nothing but a string is accepted, so that `5` and `true` are strings too."""
        return covers(TEXT, self.schema) == "yes"


def declared_inputs(plan: Plan) -> list[Input]:
    """List the inputs that the graph of a plan declares."""
    schema = plan.root.inputs_schema
    if not isinstance(schema, dict):
        return []
    properties = cast(dict[str, Schema], schema.get("properties") or {})
    required = cast(list[str], schema.get("required") or [])
    defined = {key: schema[key] for key in ("$defs",) if key in schema}
    return [
        Input(
            name=name,
            schema={**part, **defined} if isinstance(part, dict) else part,
            required=name in required,
        )
        for name, part in properties.items()
    ]


def read_inputs(
    plan: Plan, given: Sequence[str], file: str | None, *, whole: bool = True
) -> dict[str, Json]:
    """Read the inputs of a run and check them all, before anything runs.

    Unless they are to be `whole`, required ones may be missing.

    Raises:
        InputsInvalid: names each input that is wrong, missing or unknown, and what is expected.
        UsageError: an option cannot be read at all.
    """
    declared = {each.name: each for each in declared_inputs(plan)}
    found = _from_file(file) if file is not None else {}
    problems: list[str] = []
    for name, value in _named(given).items():
        if name in declared:
            found[name], problem = _value(declared[name], value)
            problems += [problem] if problem else []
        else:
            found[name] = value
    problems += _unknown(found, declared)
    missing = [each for each in declared.values() if each.required and each.name not in found]
    if missing and whole:
        problems.append(f"missing: {listed(each.name for each in missing)}")
    told = {problem.partition("`")[2].partition("`")[0] for problem in problems}
    problems += [
        problem
        for name, value in found.items()
        if name in declared and name not in told
        for problem in _wrong(declared[name], value)
    ]
    if problems:
        raise refused(plan, problems)
    return found


def _named(given: Sequence[str]) -> dict[str, str]:
    """Take options apart into names and values.

    Raises:
        UsageError: one is no NAME=VALUE, or gives another value for a name than one before it.
    """
    found: dict[str, str] = {}
    for each in given:
        text = as_typed(each)
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"`-i {text}` is not NAME=VALUE", hint="such as -i day=2026-11-23")
        if found.setdefault(name, value) != value:
            both = " and ".join(
                f"`{one_line(one, VALUE_SHOWN_MAX)}`" for one in (found[name], value)
            )
            raise UsageError(
                f"the input `{name}` is given twice, as {both}", hint="leave one of them out"
            )
    return found


def as_typed(argument: str) -> str:
    """Read an argument as UTF-8, which terminals send, where the locale knows only ASCII.

    Raises:
        UsageError: it is not UTF-8.
    """
    try:
        argument.encode()
    except UnicodeEncodeError:
        try:
            return os.fsencode(argument).decode()
        except UnicodeError as error:
            shown = one_line(argument, VALUE_SHOWN_MAX)
            hint = "give it in a file: --inputs FILE"
            raise UsageError(f"`-i {shown}` is not UTF-8", hint=hint) from error
    return argument


def refused(plan: Plan, problems: Sequence[str]) -> InputsInvalid:
    """Make the error that says what is wrong with inputs, and what is expected."""
    rows = [
        (each.name, each.words, "required" if each.required else f"default {_default(each)}")
        for each in declared_inputs(plan)
    ]
    expected = (
        [f"`{plan.name}` takes:", *aligned(rows)] if rows else [f"`{plan.name}` takes no inputs"]
    )
    head = problems[0] if len(problems) == 1 else counted(len(problems), "problem")
    rest = [f"  {problem}" for problem in problems] if len(problems) > 1 else []
    return InputsInvalid(
        "\n".join([f"inputs of `{plan.name}`: {head}", *rest, *expected]),
        hint="give them with -i NAME=VALUE, or all of them with --inputs FILE"
        if rows
        else "leave them out",
    )


def _default(each: Input) -> str:
    value = each.schema.get("default") if isinstance(each.schema, dict) else None
    return one_line(json.dumps(value, ensure_ascii=False), VALUE_SHOWN_MAX)


def _value(declared: Input, text: str) -> tuple[Json, str]:
    """Read the text of an input: a string where only strings go, else JSON; or say why not."""
    if declared.takes_only_text:
        return text, ""
    try:
        value = cast(Json, json.loads(text))
    except (ValueError, RecursionError) as error:
        if Checker(declared.schema).accepts(text):
            return text, ""
        shown = one_line(text, VALUE_SHOWN_MAX)
        reason = "nested too deep" if isinstance(error, RecursionError) else f"no JSON: {error}"
        why = f" ({reason})" if text[:1] in {"{", "[", '"'} else ""
        return None, f"`{declared.name}` takes {declared.words}, not `{shown}`{why}"
    checker = Checker(declared.schema)
    return (text if not checker.accepts(value) and checker.accepts(text) else value), ""


def _wrong(declared: Input, value: Json) -> list[str]:
    try:
        encode(value)
    except ValueRefused as error:
        return [f"`{declared.name}`: {error.message}"]
    problems = Checker(declared.schema).problems(value)
    return [
        f"`{declared.name}`{f' at {problem.pointer}' if problem.pointer else ''}: {problem.message}"
        for problem in problems
    ]


def _unknown(found: Mapping[str, Json], declared: Mapping[str, Input]) -> list[str]:
    problems: list[str] = []
    for name in found:
        if name not in declared:
            near = difflib.get_close_matches(name, declared, n=1)
            problems.append(
                f"no input is named `{name}`" + (f"; did you mean `{near[0]}`?" if near else "")
            )
    return problems


def _from_file(file: str) -> dict[str, Json]:
    tree, _ = read_text(
        read_bytes(file, what="file of inputs"), file=STDIN_NAME if file == STDIN else file
    )
    if not isinstance(tree, dict):
        raise UsageError(
            f"the inputs in {file} are no mapping of names to values", hint="such as {day: x}"
        )
    return dict(tree)
