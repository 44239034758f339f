"""Plain texts that were probably meant to be expressions: `page.body` without `${{ }}`."""

import re
from collections.abc import Iterator, Mapping

from interlock.plan.schemas import escaped
from interlock.plan.site import Site
from interlock.values import Json, Schema, immutable

_PATH = r"[a-z][a-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*"
_BARE = re.compile(_PATH)
_BRACED = re.compile(rf"(?<!\$)\{{\{{\s*({_PATH})\s*\}}\}}|\$\{{\s*({_PATH})\s*\}}")


@immutable()
class Meant:
    """What a text was probably meant to read, and which part of it says so; None for all of it."""

    path: str
    span: tuple[int, int] | None

    @property
    def hint(self) -> str:
        """What to write to read it."""
        return f"to read `{self.path}` write '${{{{ {self.path} }}}}'"


def meant_by(value: Json, schemas: Mapping[str, Schema]) -> Meant | None:
    """Find what a text names among what expressions could read, by root."""
    if not isinstance(value, str) or not ("." in value or "{" in value):
        return None
    if _BARE.fullmatch(value):
        is_there = _is_there(value.split("."), schemas, surely=True)
        return Meant(path=value, span=None) if is_there else None
    for braced in _BRACED.finditer(value):
        path = braced[1] or braced[2]
        if _is_there(path.split("."), schemas, surely=False):
            return Meant(path=path, span=braced.span())
    return None


def warn_of_texts(site: Site) -> None:
    """Warn of texts that name a node or an input, and are taken as they stand.

    In the Python form references are no texts, and so a text is meant as one.
    """
    if site.problems.is_python:
        return
    for bound in site.bound.values():
        for given in (bound.given, bound.carry) if bound.carry is not None else (bound.given,):
            for name, value in given.values.items():
                _warn(site, value, f"{given.at}/{escaped(name)}")
    for name, tree in site.graph.outputs.items():
        _warn(site, tree, f"/outputs/{escaped(name)}")


def _warn(site: Site, value: Json, at: str) -> None:
    for text, place in _texts(value, at):
        meant = meant_by(text, site.schemas)
        if meant is not None:
            shown = text[slice(*meant.span)] if meant.span is not None else text
            site.problems.warning(
                "IL4006",
                f"`{shown}` is taken as a text, as it stands",
                at=place,
                span=meant.span,
                hint=meant.hint,
            )


def _texts(value: Json, at: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield value, at
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _texts(one, f"{at}/{escaped(name)}")
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from _texts(one, f"{at}/{index}")


def _is_there(path: list[str], schemas: Mapping[str, Schema], *, surely: bool) -> bool:
    """Say whether there is something to read: `report.json` may be a file beside a node `report`.

    In braces the name of a node is enough.
    """
    root, *rest = path
    schema = schemas.get(root)
    fields = schema.get("properties") if isinstance(schema, dict) else None
    if rest and isinstance(fields, dict) and rest[0] in fields:
        return True
    return root in schemas and root != "inputs" and not surely
