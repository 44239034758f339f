"""Actors: who made an event a fact, in the one text that the journal has for each.

    engine                              the engine alone, in no process of a runtime
    runtime:OWNER                       the runtime of a process, by its owner id
    unauthenticated:NAME                a person or program; nobody has checked that it is they
    authenticated:METHOD:NAME           one of whom the application says how it has checked it

The kind comes first and a method has no colon, so a name may have any: whoever calls themselves
`engine` or `runtime:…` is `unauthenticated:engine`. Different actors have different texts, and a
text has one reading (`test_different_principals_have_different_texts`).
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NewType, TypeAlias, final

import orjson

from interlock.errors import JournalCorrupt, UsageError
from interlock.journal.owners import OwnerId
from interlock.values import plain_text

Actor = NewType("Actor", str)
"""The text of an actor. Only what is in this module makes one of a name that somebody chose."""

ENGINE = Actor("engine")
NOBODY = Actor("")
"""The actor of an event from which it was erased."""

NAME_CHARS_MAX = 256
METHOD_CHARS_MAX = 64
NAME_CHARS_SHOWN_MAX = 64
NAMES_MAX = 16
"""Names remembered as good ones: most runs of a process are started by the same few."""

ERASED = "(erased"
"""How the words begin that are shown in the place of an actor; no actor begins so."""

_RUNTIME = "runtime:"
_UNAUTHENTICATED = "unauthenticated:"
_AUTHENTICATED = "authenticated:"

# A list of our own, not the Unicode tables: those grow, and a journal is read for ever.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ud800-\udfff\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e0fff]"
)
_SPACE = "[\x20\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]"
_OUTER_SPACE = re.compile(rf"\A{_SPACE}|{_SPACE}\Z")
_METHOD = re.compile(rf"[a-z0-9][a-z0-9._+-]{{0,{METHOD_CHARS_MAX - 1}}}")
_PLAIN = re.compile(r"[\w.@+/:|=-]+")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """A person or program outside that starts runs or decides about them.

    Interlock authenticates nobody. An application that does says so, and how; its word is kept in
    the journal. Everybody else is recorded as unauthenticated.

    Attributes:
        name: 1 to 256 characters, none of them invisible, compared as they are. Where several
            issuers know users, name the issuer in it: two persons must not have one name.
        authenticated_by: how the application has checked who it is, in a word such as `oidc` or
            `mtls`; None: not at all.

    Raises:
        UsageError: a name or a word that cannot be told from another one.

    Example:
        ```python
        >>> Principal(name="ada", authenticated_by="oidc").actor
        'authenticated:oidc:ada'
        >>> Principal(name="engine").actor
        'unauthenticated:engine'

        ```
    """

    name: str
    authenticated_by: str | None = None

    def __post_init__(self) -> None:
        _check_name(self.name, what="a name")
        method = self.authenticated_by
        if method is not None and not _METHOD.fullmatch(method):
            raise UsageError(
                f"`authenticated_by` is {method!r:.100}",
                hint=f"a word of a-z, 0-9 and `._+-`, at most {METHOD_CHARS_MAX}, such as `oidc`",
            )

    @property
    def actor(self) -> Actor:
        """The text of this actor in journals."""
        if self.authenticated_by is None:
            return Actor(_UNAUTHENTICATED + self.name)
        return Actor(f"{_AUTHENTICATED}{self.authenticated_by}:{self.name}")

    def __str__(self) -> str:
        """For people: `ada (oidc)`, or `ada (unauthenticated)`."""
        return f"{self.shown} ({self.authenticated_by or 'unauthenticated'})"

    @property
    def shown(self) -> str:
        """The name in a sentence: shortened, and quoted where it has more than a name has."""
        return _shown(self.name)


Who: TypeAlias = Principal | str
"""A principal, or the name of one that nobody has authenticated."""


def principal_of(who: Who) -> Principal:
    r"""Take a plain name as unauthenticated, whatever it says.

    Halves of characters in it are written as `\udc80`.

    Raises:
        UsageError: it is no name.
    """
    if isinstance(who, Principal):
        return who
    _expect_name(who)
    return _named(who)


def _expect_name(who: object) -> None:
    if not isinstance(who, str):
        told = f"a principal is {who!r:.60}, of type {type(who).__name__}"
        raise UsageError(told, hint="give a name, or a `Principal`")


@lru_cache(maxsize=NAMES_MAX)
def _named(name: str) -> Principal:
    return Principal(name=plain_text(name))


def runtime_actor(owner: OwnerId) -> Actor:
    """Name the runtime of an owner as the actor.

    Raises:
        UsageError: the id is empty, too long, or has invisible characters.
    """
    _check_name(owner, what="the id of an owner")
    return Actor(_RUNTIME + owner)


def is_runtime(actor: Actor) -> bool:
    """Tell whether an actor is a runtime."""
    return actor.startswith(_RUNTIME)


def parse_actor(text: str) -> Principal | OwnerId | None:
    """Read the text of an actor: a principal, the owner of a runtime, None: ours.

    Raises:
        JournalCorrupt: it is the text of no actor.
    """
    if text == ENGINE:
        return None
    kind, _, rest = text.partition(":")
    try:
        match f"{kind}:":
            case "runtime:":
                _check_name(rest, what="the id of an owner")
                return OwnerId(rest)
            case "unauthenticated:":
                return Principal(name=rest)
            case "authenticated:":
                method, _, name = rest.partition(":")
                return Principal(name=name, authenticated_by=method)
            case _:
                raise JournalCorrupt(f"{text!r:.100} is no actor")
    except UsageError as error:
        raise JournalCorrupt(f"{text!r:.100} is no actor: {error.message}") from error


def principal_in(text: str) -> Principal | None:
    """Read the principal in the text of an actor; None: it is the engine or a runtime.

    Raises:
        JournalCorrupt: it is the text of no actor.
    """
    found = parse_actor(text)
    return found if isinstance(found, Principal) else None


def actor_words(text: str) -> str:
    """Say who an actor is, for people: `ada (unauthenticated)`, an owner id, `engine`.

    It never fails: what is no actor is shown as that, and who was erased as erased.
    """
    if text == NOBODY or text.startswith(ERASED):
        return text or f"{ERASED})"
    try:
        found = parse_actor(text)
    except JournalCorrupt:
        return f"{_shown(text)} (no actor)"
    return ENGINE if found is None else str(found)


def _check_name(name: str, *, what: str) -> None:
    hidden = _HIDDEN.search(name)
    if hidden is not None:
        problem = f"has {hidden[0]!a}"
    elif not name:
        problem = "is empty"
    elif len(name) > NAME_CHARS_MAX:
        problem = f"has {len(name)} characters"
    elif _OUTER_SPACE.search(name):
        problem = "begins or ends with a space"
    else:
        return
    raise UsageError(
        f"{what} {problem}: {name!a:.100}",
        hint=f"1 to {NAME_CHARS_MAX} visible characters, with spaces only inside",
    )


def _shown(name: str) -> str:
    """Show a name so that it cannot be taken for what stands around it."""
    short = name if len(name) <= NAME_CHARS_SHOWN_MAX else f"{name[: NAME_CHARS_SHOWN_MAX - 1]}…"
    return short if _PLAIN.fullmatch(name) else orjson.dumps(short).decode()
