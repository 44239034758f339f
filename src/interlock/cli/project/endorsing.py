"""Who speaks for the log of a store, as `[tool.interlock.audit]` says; and what became of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

from interlock.audit import parse_key
from interlock.cli.project.auditing import require_known
from interlock.cli.project.pyproject import Project, shown
from interlock.cli.terminal.console import listed, plain
from interlock.errors import EvidenceRefused, UsageError
from interlock.notary import (
    Endorsed,
    Endorsers,
    StampServer,
    WitnessAddress,
    require_certificates,
)

FIELDS = ("url", "key")
EXAMPLE = 'witnesses = [{url = "https://witness.example", key = "NAME+ID+KEY"}]'


def project_endorsers(project: Project) -> Endorsers:
    """Read who is asked to cosign and to stamp checkpoints; it may be nobody.

    Raises:
        UsageError: a setting is wrong; says which.
    """
    require_known(project)
    place = f"[tool.interlock.audit] in {shown(project.file or project.folder)}"
    return Endorsers(
        witnesses=_witnesses(project.audit.get("witnesses", []), place),
        stamps=_stamps(project, place),
    )


def endorsed_lines(endorsed: Endorsed) -> Iterator[str]:
    """Say in words what became of those who were asked."""
    for each in endorsed.asked:
        if each.error is None:
            yield f"cosigned by {plain(each.witness.key.name)}"
        else:
            yield f"warning[{each.error.code}]: {plain(each.error.message)}"
    if endorsed.stamp is not None:
        yield f"stamped by {plain(endorsed.stamp.authority)}"
    if endorsed.unstamped is not None:
        yield f"warning[{endorsed.unstamped.code}]: {plain(endorsed.unstamped.message)}"


def _witnesses(value: object, place: str) -> tuple[WitnessAddress, ...]:
    if not isinstance(value, list):
        raise UsageError(f"`witnesses` of {place} is no list", hint=EXAMPLE)
    found = [_witness(entry, place) for entry in cast(list[object], value)]
    names = [each.key.public for each in found]
    if len(set(names)) != len(names):
        raise UsageError(
            f"`witnesses` of {place} names one key twice", hint="a witness counts once"
        )
    return tuple(found)


def _witness(entry: object, place: str) -> WitnessAddress:
    fields = cast(dict[str, object], entry) if isinstance(entry, dict) else dict[str, object]()
    url, key = fields.get("url"), fields.get("key")
    if set(fields) != set(FIELDS) or not isinstance(url, str) or not isinstance(key, str):
        raise UsageError(
            f"an entry of `witnesses` of {place} is not {listed(FIELDS)}", hint=EXAMPLE
        )
    try:
        return WitnessAddress(url=url, key=parse_key(key))
    except EvidenceRefused as error:
        raise UsageError(
            f"a key of `witnesses` of {place} is refused: {error.message}",
            hint="take the line that `interlock audit witness` prints",
        ) from error


def _stamps(project: Project, place: str) -> StampServer | None:
    url, path = (
        _text(project, name, place) for name in ("timestamp_url", "timestamp_certificates")
    )
    if url is None and path is None:
        return None
    if url is None or path is None:
        raise UsageError(
            f"{place} has one of `timestamp_url` and `timestamp_certificates`",
            hint="a stamp is verified when it comes: give the certificates, as PEM, too",
        )
    file = project.folder / Path(path).expanduser()
    try:
        certificates = file.read_bytes()
        require_certificates(certificates)
    except (OSError, EvidenceRefused) as error:
        why = error.strerror if isinstance(error, OSError) else "no certificates that can be read"
        raise UsageError(
            f"`timestamp_certificates` of {place}: {shown(file)}: {why}",
            hint="a file with the certificates of the server's authority, as PEM",
        ) from error
    return StampServer(url=url, certificates=certificates)


def _text(project: Project, name: str, place: str) -> str | None:
    value = project.audit.get(name)
    if value is not None and (not isinstance(value, str) or not value):
        raise UsageError(
            f"`{name}` of {place} is {value!r:.100}", hint=f'write it in quotes: {name} = "..."'
        )
    return value
