"""Nobody else may put another file in the place of a key: who can write a folder above it could.

As ssh does, every folder from the root down to the key has to belong to this user or to root, and
nobody else may write it. Links on the way are followed, and have to be theirs as well. A folder
such as /tmp, in which everybody may write and nobody can rename what is another's (its sticky bit),
may be further up. It may not be the folder of the key: beside a key stand its lock and the last
checkpoint, and others could make those first.

A group that has nobody else in it is no other: on many systems each user has one of their own.
"""

import grp
import os
import pwd
import stat
from pathlib import Path

from interlock.errors import KeyUnusable

OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
ROOT = Path("/")
LINKS_MAX = 40
OWN_FOLDER = "keep the key in a folder of your own, made with `mkdir -m 700`"


def require_unshared(path: Path) -> None:
    """Refuse a place where somebody else could put another key file; what is not there may be.

    Raises:
        KeyUnusable: says which folder or link on the way others can write, and what to do.
    """
    here, links = ROOT, 0
    steps = [*reversed((Path.cwd() / path).parts[1:])]
    while steps and here.is_dir():
        step = steps.pop()
        _require_own_folder(here, path, is_last=not steps)
        if step == os.pardir:
            here = here.parent
            continue
        here /= step
        try:
            found = here.lstat()
        except OSError:
            return  # Whoever opens it says what is wrong.
        if stat.S_ISLNK(found.st_mode):
            _require_owner(f"the link {here}", found, path)
            links += 1
            if links > LINKS_MAX:
                return  # As before: no system opens it.
            target = here.readlink()
            here = ROOT if target.is_absolute() else here.parent
            steps += reversed([part for part in target.parts if part != target.anchor])


def _require_own_folder(folder: Path, key: Path, *, is_last: bool) -> None:
    found = folder.stat()
    _require_owner(f"the folder {folder}", found, key)
    mode = stat.S_IMODE(found.st_mode)
    is_harmless = mode & stat.S_ISVTX and not is_last
    if not mode & OTHERS_WRITE or is_harmless:
        return
    if not mode & stat.S_IWOTH and _is_private_group(found.st_gid):
        return
    raise KeyUnusable(
        f"others may write the folder {folder} (its mode is {mode:04o}): they could replace the key"
        f" file {key}",
        hint=OWN_FOLDER if mode & stat.S_ISVTX else f"`chmod go-w {folder}`, or {OWN_FOLDER}",
    )


def _require_owner(what: str, found: os.stat_result, key: Path) -> None:
    if not _is_trusted(found.st_uid):
        raise KeyUnusable(
            f"{what} belongs to another user (uid {found.st_uid}), who could replace the key file"
            f" {key}",
            hint=OWN_FOLDER,
        )


def _is_trusted(uid: int) -> bool:
    """Whether this user can do nothing against somebody: root, and the user itself."""
    return uid in (0, os.geteuid())


def _is_private_group(gid: int) -> bool:
    """Whether nobody else is in a group, and somebody is."""
    users = pwd.getpwall()
    try:
        named = grp.getgrgid(gid).gr_mem
    except KeyError:
        return False
    members = {user.pw_uid for user in users if user.pw_gid == gid or user.pw_name in named}
    return bool(members) and all(map(_is_trusted, members)) and len(named) <= len(members)
