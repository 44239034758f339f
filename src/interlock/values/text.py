"""Text that becomes a value."""


def plain_text(text: str) -> str:
    r"""Write halves of characters as `\udc80`.

    File names may have them, JSON may not.
    """
    return text.encode("utf-8", "backslashreplace").decode()
