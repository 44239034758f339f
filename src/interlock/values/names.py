"""Types of names and digests: never a bare `str` in a signature."""

from typing import NewType, TypeAlias

Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None
"""JSON data. Containers are plain lists and dicts; keys are strings."""

Digest = NewType("Digest", str)
"""`sha256:` and 64 hexadecimal digits, over canonical bytes."""

ValueRef = NewType("ValueRef", str)
"""The digest of a value; `hmac-sha256:<keyid>:<hex>` for values that belong to a data subject."""

RunId = NewType("RunId", str)
Path = NewType("Path", str)
NodeId = NewType("NodeId", str)
