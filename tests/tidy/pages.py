"""Markdown pages: their code blocks, links and headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

from tidy.repository import ROOT, text_sources
from tidy.rules import Problem, Source

FENCE = re.compile(r"^(?P<indent>\s*)(?P<marks>`{3,}|~{3,})\s*(?P<language>[\w-]*)")
HEADING = re.compile(r"^#{1,6}\s+(?P<text>.+?)\s*#*$")
LINK = re.compile(
    r"\[[^\]]*\]\(<?(?P<target>[^)\s>]+)>?(?:\s+\"[^\"]*\")?\)|^\[[^\]]+\]:\s+(?P<named>\S+)"
)
INLINE_CODE = re.compile(r"`+[^`]*`+")
PRINTED = re.compile(r"^print\(.*\)\s+# (?P<text>.+)$")


TITLE = re.compile(r"\btitle=\"(?P<title>[^\"]+)\"")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A code block: its language, its title (which is a file's name), its lines, its place."""

    language: str
    title: str
    text: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Page:
    """A Markdown file, taken apart line by line."""

    source: Source

    @cached_property
    def lines(self) -> list[tuple[str, str | None]]:
        """Each line with the language of the code block around it; None in prose, "" on a fence."""
        found: list[tuple[str, str | None]] = []
        closing = language = ""
        indent = 0
        for text in self.source.text.splitlines():
            fence = FENCE.match(text)
            if not closing and fence:
                closing, language, indent = fence["marks"], fence["language"], len(fence["indent"])
                found.append((text, ""))
            elif closing and fence and fence["marks"].startswith(closing) and not fence["language"]:
                closing = ""
                found.append((text, ""))
            else:
                found.append((text[indent:], language or "text") if closing else (text, None))
        return found

    @property
    def blocks(self) -> list[Block]:
        """The code blocks in their order."""
        found: list[Block] = []
        fences = [number for number, (_, language) in enumerate(self.lines) if language == ""]
        texts = self.source.text.splitlines()
        for opened, closed in zip(fences[::2], fences[1::2], strict=False):
            fence, title = FENCE.match(texts[opened]), TITLE.search(texts[opened])
            inside = (text for text, _ in self.lines[opened + 1 : closed])
            found.append(
                Block(
                    language=fence["language"] if fence else "",
                    title=title["title"] if title else "",
                    text="\n".join(inside) + "\n",
                    line=opened + 1,
                )
            )
        return found

    @property
    def python(self) -> str:
        """The page as one Python file: blank lines for prose, with the page's line numbers."""
        code = [text if language == "python" else "" for text, language in self.lines]
        return "\n".join(code).rstrip() + "\n"

    @property
    def printed(self) -> list[str]:
        """What the page says that its code prints: `print(n)  # 6 words`."""
        found = (PRINTED.match(text) for text, language in self.lines if language == "python")
        return [match["text"] for match in found if match]

    @property
    def anchors(self) -> set[str]:
        headings = (HEADING.match(text) for text, language in self.lines if language is None)
        return {slug(match["text"]) for match in headings if match}

    def links(self) -> Iterator[tuple[int, str]]:
        for number, (text, language) in enumerate(self.lines, start=1):
            if language is None:
                for match in LINK.finditer(INLINE_CODE.sub("", text)):
                    yield number, match["target"] or match["named"]


def slug(heading: str) -> str:
    words = re.sub(r"[^\w\s-]", "", heading.lower())
    return re.sub(r"\s", "-", words.strip())


def pages() -> list[Page]:
    """All Markdown files outside `tests/`."""
    return [Page(source=s) for s in text_sources() if s.path.endswith(".md") and not s.in_tests]


def broken_links(page: Page, root: Path = ROOT) -> Iterator[Problem]:
    """Links to files, and to headings in them, that are not there."""
    for line, link in page.links():
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (
            (root / PurePosixPath(page.source.path)).parent / target
            if target
            else root / page.source.path
        )
        if not path.resolve().is_relative_to(root.resolve()) or not path.exists():
            yield page.source.problem(
                "link", f"`{link}` leads nowhere: write a path from this file", at=line
            )
        elif anchor and path.suffix == ".md":
            source = Source(path=path.as_posix(), text=path.read_text(encoding="utf-8"))
            if anchor not in Page(source=source).anchors:
                yield page.source.problem(
                    "link", f"`{link}` names no heading of that page", at=line
                )
