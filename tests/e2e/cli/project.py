"""A project as a user has it, commands in it, and transcripts that are the same every time."""

import json
import os
import re
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from interlock.cli import program

GOLDEN = Path(__file__).parents[2] / "golden" / "cli"

PYPROJECT = """\
[tool.interlock]
app = "actions:registry"
"""

ACTIONS = """\
from dataclasses import dataclass

from interlock import NotApplied, Registry, action


@dataclass
class Image:
    ref: str


@dataclass
class Deployment:
    id: str
    url: str


@action("ci.build", effect="write", key="Context.idempotency_key")
async def build(service: str, version: str) -> Image:
    return Image(f"registry/{service}:{version}")


@action("ci.test", effect="read")
def check(image: str) -> bool:
    if "broken" in image:
        raise ValueError("2 tests failed")
    return True


@action("deploy.apply", effect="write")
async def apply(image: str, env: str) -> Deployment:
    if "silent" in image:
        raise ConnectionError("the line went dead")
    if "refused" in image:
        raise NotApplied("connection refused")
    return Deployment(f"d-{env}", f"https://{env}.example")


@action("num.halve", effect="pure")
def halve(number: int) -> int:
    if number % 2:
        raise ValueError(f"{number} is odd")
    return number // 2


@action("model.graph", effect="read")
def propose(goal: str) -> dict[str, object]:
    deploy = {"call": "deploy.apply", "with": {"image": "${{ inputs.goal }}", "env": "test"}}
    return {
        "interlock": 1,
        "name": "proposed",
        "inputs": {"goal": {"type": "string"}},
        "nodes": {"step_1": deploy},
        "outputs": {"url": "${{ step_1.url }}"},
    }


registry = Registry([build, check, apply, halve, propose])
"""

RELEASE = r"""interlock: 1
name: release
inputs:
  service: {type: string}
  version: {type: string, pattern: '^[\w.]+$'}
  dry: {type: boolean, default: false}
nodes:
  image:
    call: ci.build
    with: {service: '${{ inputs.service }}', version: '${{ inputs.version }}'}
  tests:
    call: ci.test
    with: {image: '${{ image.ref }}'}
    retry: {attempts: 2, delay: 1ms}
  prod:
    call: deploy.apply
    with: {image: '${{ image.ref }}', env: prod}
    needs: [tests]
    ensure: result.url.startsWith('https://')
outputs:
  url: '${{ prod.url }}'
"""

BATCH = """interlock: 1
name: batch
inputs:
  numbers: {type: array, items: {type: integer}}
graphs:
  half:
    inputs: {number: {type: integer}}
    nodes:
      value: {call: num.halve, with: {number: '${{ inputs.number }}'}}
    outputs: {value: '${{ value }}'}
nodes:
  halves:
    map: half
    over: '${{ inputs.numbers }}'
    as: number
    with: {number: '${{ number }}'}
    failures_max: 1
outputs:
  halves: '${{ halves.results }}'
"""

AGENT = """interlock: 1
name: agent
inputs: {goal: {type: string}}
nodes:
  fix:
    propose: model.graph
    with: {goal: '${{ inputs.goal }}'}
    actions: [deploy.*]
    returns: {type: object, properties: {url: {type: string}}, required: [url]}
outputs:
  url: '${{ fix.url }}'
"""

WRONG = (
    RELEASE.replace("ci.test", "ci.tset")
    .replace("prod.url }}", "prod.uri }}")
    .replace("name: release", "name: wrong")
)

FILES = {
    "pyproject.toml": PYPROJECT,
    "actions.py": ACTIONS,
    "release.yaml": RELEASE,
    "batch.yaml": BATCH,
    "agent.yaml": AGENT,
    "wrong.yaml": WRONG,
}

RUN_ID = re.compile(r"\b01[0-9A-HJKMNP-TV-Z]{24}\b")
NORMAL = (
    (re.compile(r"\b[\w.-]+-\d+-[0-9a-f]{8}\b"), "OWNER"),
    (re.compile(r"sha256:[0-9a-f]{10,64}…?"), "sha256:…"),
    (re.compile(r"\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"), "DATE TIME UTC"),
    (re.compile(r"\b\d{4}-\d\d-\d\d(?=, UTC)"), "DATE"),
    (re.compile(r"\b\d\d:\d\d:\d\d\.\d{3}\b"), "TIME"),
    (
        re.compile(r"(succeeded in|(?:failed|refused|cancelled) after) (?:\d+ ms|\d+\.\d s)"),
        r"\1 TOOK",
    ),
    (re.compile(r"(?<= in )\d+ (?:d|h|min) \d+ (?:h|min|s)\b"), "A WHILE"),
    (re.compile(r" {2,}(?:\d+ ms|\d+\.\d s)(?=  |\n|$)", re.MULTILINE), "  TOOK"),
    (re.compile(r"(?<=  TOOK) +(?=\S+\?$)", re.MULTILINE), "  "),
    (re.compile(r"(?<= )took +by(?= \()"), "took  by"),
    (re.compile(r'(?<=_ms": )\d{13}|(?<=_ms=)\d{13}'), "MS"),
    (
        re.compile(
            r"\b(?:num\.(?:halve|add)|ci\.(?:build|test)|deploy\.(?:apply|rollback)|probe\.http"
            r"|stop\.here|model\.graph) [0-9a-f]{8}\b"
        ),
        "CODE",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Done:
    """A command that has ended."""

    line: str
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(kw_only=True)
class Shell:
    """Commands of one project, one after the other, in this process."""

    folder: Path
    done: list[Done] = field(default_factory=list[Done])

    def __call__(
        self, line: str, *, stdin: str | None = None, env: dict[str, str] | None = None
    ) -> Done:
        words = shlex.split(line)
        assert words[0] == "interlock"
        forget_user_modules(self.folder)
        result = CliRunner().invoke(
            program, words[1:], input=stdin, env={"COLUMNS": "100", **(env or {})}
        )
        done = Done(line=line, code=result.exit_code, out=result.stdout, err=result.stderr)
        self.done.append(done)
        return done

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, encoding="utf-8")

    def transcript(self) -> str:
        """Everything so far, with what differs between runs replaced."""
        text = "\n".join(_told(done) for done in self.done)
        for index, run in enumerate(dict.fromkeys(RUN_ID.findall(text)), start=1):
            text = text.replace(run, f"RUN{index}")
        text = text.replace(str(self.folder), "FOLDER").replace(sys.executable, "PYTHON")
        for pattern, name in NORMAL:
            text = pattern.sub(name, text)
        return text

    def check(self, name: str) -> None:
        """Hold the transcript against the golden one; UPDATE_GOLDEN=1 writes it anew."""
        path = GOLDEN / f"{name}.txt"
        found = self.transcript()
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(found, encoding="utf-8")
        assert found == path.read_text(encoding="utf-8")


def _told(done: Done) -> str:
    parts = [f"$ {done.line}"]
    parts += [f"[stderr]\n{done.err.rstrip()}"] if done.err else []
    parts += [f"[stdout]\n{done.out.rstrip()}"] if done.out else []
    return "\n".join([*parts, f"[exit {done.code}]\n"])


def forget_user_modules(folder: Path) -> None:
    """Let each command import the user's code anew, as a new process would."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).is_relative_to(folder):
            del sys.modules[name]


def new_shell(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("LOGNAME", "ada")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    for name in (
        "NO_COLOR",
        "FORCE_COLOR",
        "INTERLOCK_STORE",
        "INTERLOCK_DEBUG",
        "INTERLOCK_AUDIT_KEY",
    ):
        monkeypatch.delenv(name, raising=False)
    return Shell(folder=folder)
