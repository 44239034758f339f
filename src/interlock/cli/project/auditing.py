"""Which key file signs the log of a store, and what `[tool.interlock.audit]` says."""

import os
from hashlib import sha256
from pathlib import Path

from interlock.cli.project.pyproject import HOME, Project, shown
from interlock.cli.project.stores import path_of
from interlock.cli.terminal.console import listed
from interlock.errors import UsageError
from interlock.notary import KeyRing
from interlock.values import Json

KEY_VARIABLE = "INTERLOCK_AUDIT_KEY"
CONFIG_VARIABLE = "XDG_CONFIG_HOME"
SETTINGS = ("key", "publish", "after_runs", "witnesses", "timestamp_url", "timestamp_certificates")
ID_DIGITS = 10


def key_file(project: Project, url: str, option: str | None) -> Path:
    """Say where the key file of a store is: option, environment, setting, default.

    Without being told, each store has a key file of its own in the user's configuration folder. It
    is named for the place of the store: whoever copies a store does not get its key.

    Raises:
        UsageError: the settings are wrong, or the key would be beside the store.
    """
    told = option if option is not None else os.environ.get(KEY_VARIABLE) or None
    if told is not None:
        path = Path(told)
    else:
        setting = _setting(project, "key")
        path = _default(url) if setting is None else project.folder / Path(setting).expanduser()
    _require_outside(path, path_of(url))
    return path


def own_key_file(project: Project, url: str) -> Path | None:
    """Say where the key file of a store is, for those who go by it if there is one.

    One that is named has to be there: that nobody has confirmed a log must not be an accident.

    Returns:
        None: none is named, and the store has none of its own.

    Raises:
        UsageError: the settings are wrong, or name a file that is not there.
    """
    who = _named_by(project)
    if who is None and path_of(url) is None:
        return None
    path = key_file(project, url, None)
    if path.is_file():
        return path
    if who is not None:
        raise UsageError(
            f"{who} names the key file {shown(path)}, and there is no such file",
            hint="correct the name, or make the key with `interlock audit init`; public keys of"
            " others are given with --key",
        )
    return None


def _named_by(project: Project) -> str | None:
    """Say what names the key file, if anything does."""
    setting = _setting(project, "key")
    if os.environ.get(KEY_VARIABLE):
        return KEY_VARIABLE
    return None if setting is None else f"`key` of {_place(project)}"


def publish_folder(project: Project, argument: str | None) -> Path:
    """Say where the log is published: argument, then setting.

    Raises:
        UsageError: neither says it, or the settings are wrong.
    """
    if argument is not None:
        return Path(argument)
    folder = publish_setting(project)
    if folder is None:
        raise UsageError(
            "where to publish is not said",
            hint="`interlock audit publish FOLDER`, or [tool.interlock.audit] publish ="
            ' "FOLDER" in pyproject.toml',
        )
    return folder


def publish_setting(project: Project) -> Path | None:
    """Say where the project has its log published; None for nowhere.

    Raises:
        UsageError: the settings are wrong.
    """
    setting = _setting(project, "publish")
    return None if setting is None else project.folder / Path(setting).expanduser()


def signs_after_runs(project: Project) -> bool:
    """Say whether the project has its log signed when runs have ended.

    Raises:
        UsageError: the settings are wrong.
    """
    value = project.audit.get("after_runs", False)
    if not isinstance(value, bool):
        raise UsageError(
            f"`after_runs` of {_place(project)} is {value!r:.100}",
            hint="write true, or leave it out",
        )
    return value


def keys_json(ring: KeyRing, path: Path) -> dict[str, Json]:
    """Describe keys for programs: the public halves, and where the private ones are."""
    keys: list[Json] = [
        {
            "id": f"{key.public.id:08x}",
            "public": str(key.public),
            "made_ms": key.made_ms,
            "ended_ms": key.ended_ms,
        }
        for key in ring.keys
    ]
    return {"origin": ring.name, "key_file": str(path), "keys": keys}


def _default(url: str) -> Path:
    path = path_of(url)
    if path is None:
        raise UsageError(
            f"{url} is no file, and has no key file of its own",
            hint=f"name one with --key or in {KEY_VARIABLE}",
        )
    place = Path(os.path.realpath(path))  # Unlike `resolve`, it ends where links lead in a circle.
    project = next(name for name in (place.parent.parent.name, place.stem, "store") if name)
    home = os.environ.get(CONFIG_VARIABLE) or None
    config = Path(home) if home is not None else Path("~/.config").expanduser()
    digest = sha256(os.fsencode(place)).hexdigest()[:ID_DIGITS]
    return config / "interlock" / "audit" / f"{project}-{digest}.key"


def require_known(project: Project) -> None:
    """Refuse settings that nobody reads: a slip in a name must not leave out what it asks for.

    Raises:
        UsageError: there is one.
    """
    unknown = sorted(set(project.audit) - set(SETTINGS))
    if unknown:
        raise UsageError(
            f"{_place(project)} has no setting `{unknown[0]}`",
            hint=f"there are: {listed(SETTINGS)}",
        )


def _place(project: Project) -> str:
    return f"[tool.interlock.audit] in {shown(project.file or project.folder)}"


def _setting(project: Project, name: str) -> str | None:
    require_known(project)
    value = project.audit.get(name)
    if value is not None and (not isinstance(value, str) or not value):
        raise UsageError(
            f"`{name}` of {_place(project)} is {value!r}, not a path",
            hint=f'write it in quotes: {name} = "..."',
        )
    return value


def _require_outside(path: Path, store: Path | None) -> None:
    """Refuse a key beside its store: who can change the one must not have the other."""
    if store is None:
        return
    key, folder = Path(os.path.realpath(path)), Path(os.path.realpath(store)).parent
    if key.parent == folder or (folder.name == HOME and key.is_relative_to(folder)):
        raise UsageError(
            f"the key file {shown(path)} would be beside the store that it signs",
            hint="keep it elsewhere: without --key it is in your configuration folder",
        )
