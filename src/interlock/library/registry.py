"""The registry of the built-in actions."""

import os
from collections.abc import Sequence

from interlock.actions import Registry
from interlock.library.chat import Endpoint
from interlock.library.exec import make_exec
from interlock.library.files import files
from interlock.library.http import http
from interlock.library.llm import llm
from interlock.library.rooted import Root


def library(
    root: str | os.PathLike[str] = ".",
    *,
    hosts: Sequence[str] = ("*",),
    endpoint: Endpoint | None = None,
) -> Registry:
    """Make the registry of `exec.run`, `files.*`, `http.*` and `llm.*`.

    Args:
        root: the folder that files are read from and written to, and that programs start in.
        hosts: patterns of the hosts that `http.*` may ask, redirects included.
        endpoint: where models are asked; else the environment says it.
    """
    folder = Root(os.path.abspath(root))  # noqa: PTH100 - a link stays what it is
    actions = (
        make_exec(folder),
        *files(folder),
        *http(tuple(hosts)),
        *llm(endpoint or Endpoint()),
    )
    return Registry(actions)
