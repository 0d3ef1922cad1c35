"""Documents as Converse takes them, and their text by section.

This module needs pypdf for PDF files; the others are read by the standard library.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from io import BytesIO
from typing import Any, Literal

from finetuning.errors import UnreadableDocumentError

Format = Literal["pdf", "md", "html", "txt"]

_FORMATS: Mapping[str, Format] = {
    ".pdf": "pdf",
    ".md": "md",
    ".markdown": "md",
    ".html": "html",
    ".htm": "html",
    ".txt": "txt",
}
# Amazon Bedrock User Guide, "API restrictions", read 2026-11. PDF files may be larger for newer models; a smaller
# one is also a cheaper one, since the document travels with every question.
MAX_DOCUMENT_BYTES = 4_500_000
# A text without headings is divided into parts of about so many characters.
PART_CHARACTERS = 2_000
# Less than this says too little to ask about.
MIN_SECTION_CHARACTERS = 40
_HEADING = re.compile(r"#{1,3}\s+(.+?)\s*#*\s*")
_FENCE = re.compile(r"\s*(```|~~~)")


@dataclass(frozen=True)
class Section:
    title: str
    text: str


@dataclass(frozen=True)
class Document:
    """content: the file's bytes, which the model is given. pages: of a PDF, otherwise 0."""

    name: str
    format: Format
    content: bytes
    sections: Sequence[Section]
    pages: int = 0


def read_document(name: str, content: bytes) -> Document:
    """name: the file's, whose ending tells the format. Raises UnreadableDocumentError."""
    ending = name[name.rfind(".") :].lower() if "." in name else ""
    if ending not in _FORMATS:
        raise UnreadableDocumentError(f"{name}: a document's name ends in one of {', '.join(_FORMATS)}")
    if len(content) > MAX_DOCUMENT_BYTES:
        raise UnreadableDocumentError(
            f"{name}: has {len(content):,} bytes; Bedrock takes {MAX_DOCUMENT_BYTES:,} at most: split it"
        )
    return parse(name, _FORMATS[ending], content)


def parse(name: str, kind: Format, content: bytes) -> Document:
    """Raises UnreadableDocumentError."""
    pages = 0
    if kind == "pdf":
        found, pages = _pdf_sections(name, content)
    else:
        found = _sections(name, kind, content)
    sections = [section for section in found if len("".join(section.text.split())) >= MIN_SECTION_CHARACTERS]
    if not sections:
        raise UnreadableDocumentError(
            f"{name}: no text of {MIN_SECTION_CHARACTERS} characters or more was found in it: is it empty, or scanned?"
        )
    return Document(name, kind, content, sections, pages)


def _pdf_sections(name: str, content: bytes) -> tuple[list[Section], int]:
    """From bookmark to bookmark, in whole pages; without bookmarks, page by page. And the number of pages."""
    from pypdf import PdfReader

    try:
        reader = PdfReader(BytesIO(content))
        pages = [_characters(page.extract_text()) for page in reader.pages]
        bookmarks = [
            (reader.get_destination_page_number(mark), _characters(str(mark.title))) for mark in _flat(reader.outline)
        ]
    except Exception as error:
        # A broken PDF makes pypdf fail in any way.
        what = str(error) or type(error).__name__
        raise UnreadableDocumentError(f"{name}: cannot be read as PDF: {what}: save it anew, unencrypted") from error
    # Of several bookmarks on a page, the first.
    titles = {page: title for page, title in reversed(bookmarks) if page is not None and title.strip()}
    sections: list[Section] = []
    for number, text in enumerate(pages):
        if sections and titles and number not in titles:
            sections[-1] = Section(sections[-1].title, f"{sections[-1].text}\n{text}")
        else:
            sections.append(Section(titles.get(number, name if titles else f"page {number + 1}"), text))
    return sections, len(pages)


def _characters(text: str) -> str:
    """What a PDF maps to half of a surrogate pair is none."""
    return text.encode("utf-8", "replace").decode()


def _flat(outline: Sequence[Any]) -> Iterator[Any]:
    """A PDF's bookmarks, of all levels."""
    for entry in outline:
        if isinstance(entry, list):
            yield from _flat(entry)
        else:
            yield entry


def _sections(name: str, kind: Format, content: bytes) -> list[Section]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableDocumentError(
            f"{name}: byte {error.start + 1} is not UTF-8: save the document as UTF-8"
        ) from error
    if kind == "html":
        parser = _HtmlSections()
        parser.feed(text)
        parser.close()
        found = parser.sections
    else:
        found = list(_markdown_sections(text)) if kind == "md" else [Section("", text)]
    if any(section.title for section in found):
        # What stands before the first heading is the document's own.
        return [Section(section.title or name, section.text) for section in found]
    return [Section(f"part {number}", part) for number, part in enumerate(_parts(found), start=1)]


def _markdown_sections(text: str) -> Iterator[Section]:
    title, lines, fenced = "", list[str](), False
    for line in text.splitlines():
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.fullmatch(line)
        if heading is None:
            lines.append(line)
            continue
        yield Section(title, "\n".join(lines))
        title, lines = heading[1], []
    yield Section(title, "\n".join(lines))


def _parts(sections: Sequence[Section]) -> Iterator[str]:
    """The text in parts that end where a paragraph does."""
    part = ""
    for section in sections:
        for paragraph in re.split(r"\n\s*\n", section.text):
            if part and len(part) + len(paragraph) > PART_CHARACTERS:
                yield part
                part = ""
            part = f"{part}\n\n{paragraph}" if part else paragraph
    yield part


class _HtmlSections(HTMLParser):
    _UNSEEN = frozenset({"title", "script", "style", "template", "noscript"})
    _HEADINGS = frozenset({"h1", "h2", "h3"})
    _INLINE = frozenset(
        [
            "a",
            "abbr",
            "b",
            "code",
            "em",
            "i",
            "kbd",
            "mark",
            "q",
            "rp",
            "rt",
            "ruby",
            "s",
            "small",
            "span",
            "strong",
            "sub",
            "sup",
            "u",
            "var",
            "wbr",
        ]
    )

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.sections: list[Section] = []
        self._title = ""
        self._pieces: list[str] = []
        self._unseen = 0
        self._in_heading = False

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the parser's
        self._unseen += tag in self._UNSEEN
        if tag in self._HEADINGS:
            self._end_section()
            self._in_heading = True
        elif tag not in self._INLINE:
            self._pieces.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag in self._HEADINGS and self._in_heading:
            self._title, self._pieces = " ".join("".join(self._pieces).split()), []
            self._in_heading = False
        elif tag not in self._INLINE:
            self._pieces.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._pieces.append(data)

    def close(self) -> None:
        super().close()
        self._end_section()

    def _end_section(self) -> None:
        self.sections.append(Section(self._title, "".join(self._pieces)))
        self._title, self._pieces = "", []
