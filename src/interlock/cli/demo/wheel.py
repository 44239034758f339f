"""Wheels as PEP 427 says: a builder that gives the same bytes for the same files, and a checker.

The demo runs where no build back end is installed and no network is there, so it brings its own.
"""

import base64
import csv
import hashlib
import io
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from interlock.errors import Permanent

# The earliest that a zip file can say. Stored, not deflated: compressors differ between machines.
EPOCH = (1980, 1, 1, 0, 0, 0)
MODE = 0o644 << 16
METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: {version}
Summary: {summary}
Requires-Python: {requires_python}
"""
TAGS = "Wheel-Version: 1.0\nGenerator: interlock-demo\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


class NotBuildable(Permanent):
    """The files are no project that a wheel can be built of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What `pyproject.toml` says of a project."""

    name: str
    version: str
    summary: str = ""
    requires_python: str = ">=3.9"

    @property
    def file(self) -> str:
        """The name of its wheel."""
        return f"{self.name}-{self.version}-py3-none-any.whl"


def read_metadata(files: Mapping[str, bytes]) -> Metadata:
    """Read the metadata of a project.

    Raises:
        NotBuildable: there is no `pyproject.toml`, or it does not name the project.
    """
    try:
        text = files["pyproject.toml"].decode("utf-8")
        project = cast(dict[str, Any], tomllib.loads(text)["project"])
        return Metadata(
            name=str(project["name"]),
            version=str(project["version"]),
            summary=str(project.get("description", "")),
            requires_python=str(project.get("requires-python", ">=3.9")),
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise NotBuildable(f"pyproject.toml does not name a project: {error!r}") from error


def build(files: Mapping[str, bytes]) -> bytes:
    """Build the wheel of a project whose one package has the project's name.

    Raises:
        NotBuildable: there is no such package.
    """
    metadata = read_metadata(files)
    package = {name: data for name, data in files.items() if name.startswith(f"{metadata.name}/")}
    if not package:
        raise NotBuildable(f"there is no package `{metadata.name}`")
    info = f"{metadata.name}-{metadata.version}.dist-info"
    described = METADATA.format(
        name=metadata.name,
        version=metadata.version,
        summary=metadata.summary,
        requires_python=metadata.requires_python,
    )
    content = {
        **{name: package[name] for name in sorted(package)},
        f"{info}/METADATA": described.encode(),
        f"{info}/WHEEL": TAGS.encode(),
    }
    content[f"{info}/RECORD"] = _record(content, f"{info}/RECORD").encode()
    return _zipped(content)


def _record(content: Mapping[str, bytes], own_name: str) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerows((name, _hash(data), len(data)) for name, data in content.items())
    rows.writerow((own_name, "", ""))
    return text.getvalue()


def _hash(data: bytes) -> str:
    found = base64.urlsafe_b64encode(hashlib.sha256(data).digest())
    return f"sha256={found.rstrip(b'=').decode()}"


def _zipped(content: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, data in content.items():
            info = zipfile.ZipInfo(name, date_time=EPOCH)
            info.external_attr = MODE
            info.create_system = 3
            archive.writestr(info, data)
    return made.getvalue()


def problems(wheel: bytes) -> list[str]:
    """List what is wrong with a wheel: each of its files must be in RECORD, with its digest."""
    try:
        with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
            content = {name: archive.read(name) for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        return [f"no zip file: {error}"]
    name = next((name for name in content if name.endswith(".dist-info/RECORD")), None)
    if name is None:
        return ["no RECORD"]
    rows = csv.reader(io.StringIO(content[name].decode("utf-8", "replace")))
    recorded = {row[0]: row[1] for row in rows if len(row) == 3}
    return [
        f"{file} is not what RECORD says" if file in recorded else f"{file} is not in RECORD"
        for file, data in content.items()
        if file != name and recorded.get(file) != _hash(data)
    ]
