"""What a release does, on files: `target/` has a registry of images and two environments.

Each write says what it is worth after a crash. Building puts an image under the digest of its
bytes, so that doing it again changes nothing: a probe can look. Deploying keeps what was there
before, so that it can be taken back.
"""

import hashlib
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from interlock import NotApplied, Registry, action

HERE = Path(__file__).parent
TARGET = Path("target")
AT = (2026, 1, 1, 0, 0, 0)


@dataclass
class Image:
    ref: str


@dataclass
class Deployment:
    id: str
    env: str
    url: str
    before: str


@dataclass
class Answer:
    status: int
    image: str


def packed(service: str, version: str) -> tuple[str, Path]:
    """Pack a service; equal sources give equal bytes."""
    sources = sorted((HERE / service).glob("*.py"))
    if not sources:
        raise NotApplied(f"there is no service `{service}`: no sources in {HERE / service}")
    registry = TARGET / "registry"
    registry.mkdir(parents=True, exist_ok=True)
    draft = registry / f".{service}-{version}.{os.getpid()}"
    with zipfile.ZipFile(draft, "w") as archive:
        for file in sources:
            archive.writestr(zipfile.ZipInfo(file.name, AT), file.read_bytes())
        archive.writestr(zipfile.ZipInfo("VERSION", AT), version)
    digest = hashlib.sha256(draft.read_bytes()).hexdigest()[:12]
    return f"{service}-{version}-{digest}.zip", draft


def find_image(service: str, version: str) -> Image | None:
    """Ask the registry whether this very image is there."""
    ref, draft = packed(service, version)
    draft.unlink()
    return Image(ref) if (TARGET / "registry" / ref).exists() else None


@action("ci.build", effect="write", probe=find_image)
def build(service: str, version: str) -> Image:
    ref, draft = packed(service, version)
    draft.replace(TARGET / "registry" / ref)
    return Image(ref)


@action("ci.test", effect="read")
def check(image: str) -> int:
    """Run the tests that are in an image; give their number."""
    where = str(TARGET / "registry" / image)
    done = subprocess.run(
        [sys.executable, "-m", "unittest", "-q", "test_app"],
        env={**os.environ, "PYTHONPATH": where},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ValueError(done.stderr.strip().splitlines()[-1])
    return int(done.stderr.partition("Ran ")[2].split()[0])


@action("deploy.rollback", effect="write")
def rollback(deployment: Deployment) -> None:
    """Put back what was there before a deployment."""
    current = TARGET / deployment.env / "current.json"
    if deployment.before:
        current.write_text(deployment.before)
    else:
        current.unlink()


@action("deploy.apply", effect="write")
def apply(image: str, env: str) -> Deployment:
    """Let an environment run an image; say what it ran before."""
    folder = TARGET / env
    folder.mkdir(parents=True, exist_ok=True)
    current = folder / "current.json"
    before = current.read_text() if current.exists() else ""
    current.write_text(json.dumps({"image": image}))
    return Deployment(id=f"{env}-{image}", env=env, url=f"file://{env}", before=before)


@action("probe.http", effect="read")
def probe(url: str, image: str) -> Answer:
    """Ask an environment what it runs: 200 if it is this image, and can be loaded."""
    env = url.removeprefix("file://")
    running = json.loads((TARGET / env / "current.json").read_text())["image"]
    with zipfile.ZipFile(TARGET / "registry" / running) as archive:
        broken = archive.testzip()
    return Answer(status=200 if running == image and broken is None else 503, image=running)


registry = Registry([build, check, rollback, apply, probe])
