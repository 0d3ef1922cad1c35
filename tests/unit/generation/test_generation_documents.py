"""Documents of every format: their text by section, and what cannot be read."""

from io import BytesIO
from pathlib import Path

import pytest
from finetuning.errors import UnreadableDocumentError
from finetuning.generation.documents import (
    MAX_DOCUMENT_BYTES,
    MIN_SECTION_CHARACTERS,
    PART_CHARACTERS,
    Document,
    read_document,
)
from fpdf import FPDF
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter

LONG = "This sentence says enough to be asked about, and then a little more than that."
TITLES = [
    "Handbook of the Mill Lane repair workshop",
    "Opening hours",
    "Bringing something to be mended",
    "What it costs",
    "Electrical safety",
    "The sewing corner",
    "Bicycles",
    "The library of tools",
    "Becoming a volunteer",
    "Waste and spare parts",
]


def read(path: Path) -> Document:
    return read_document(path.name, path.read_bytes())


def text_of(name: str, content: str) -> list[tuple[str, str]]:
    document = read_document(name, content.encode())
    return [(section.title, " ".join(section.text.split())) for section in document.sections]


def test_markdown_is_divided_at_its_headings(workshop: Path) -> None:
    document = read(workshop)

    assert [section.title for section in document.sections] == TITLES
    assert document.sections[1].text.strip().startswith("The doors open on Tuesdays")
    assert (document.format, document.pages, document.content) == ("md", 0, workshop.read_bytes())


def test_html_has_the_same_sections_and_text(workshop: Path, workshop_html: Path) -> None:
    sections = text_of("workshop.html", workshop_html.read_text())

    assert sections == text_of("workshop.md", workshop.read_text())


def test_a_pdf_is_divided_into_its_pages(workshop_pdf: Path) -> None:
    document = read(workshop_pdf)

    assert document.pages == len(document.sections) >= len(TITLES)
    assert document.sections[0].title == "page 1"
    assert "founded in 2014" in " ".join(document.sections[0].text.split())


def test_a_pdf_with_bookmarks_is_divided_there() -> None:
    pdf = FPDF()
    pdf.set_font("Times")
    for number, title in enumerate([None, "One", None, "Two"]):
        pdf.add_page()
        if title:
            pdf.start_section(title)
            pdf.start_section("deeper, on the same page", level=1)
        pdf.multi_cell(0, 6, f"{number} {LONG}")

    document = read_document("book.pdf", bytes(pdf.output()))

    assert [(section.title, section.text.split()[0]) for section in document.sections] == [
        ("book.pdf", "0"),
        ("One", "1"),
        ("Two", "3"),
    ]
    assert f"2 {LONG}" in document.sections[1].text


def test_what_stands_before_the_first_heading_belongs_to_the_document() -> None:
    assert text_of("guide.md", f"{LONG}\n\n## One\n{LONG}") == [("guide.md", LONG), ("One", LONG)]


def test_deep_headings_and_code_divide_nothing() -> None:
    code = "```\n# no heading\n```"

    ((title, text),) = text_of("guide.md", f"# One #\n{LONG}\n#### deep\n{code}")

    assert title == "One"
    assert "# no heading" in text


@pytest.mark.parametrize("name", ["notes.txt", "notes.md", "NOTES.TXT"])
def test_a_text_without_headings_is_divided_into_parts_at_paragraphs(name: str) -> None:
    paragraphs = [f"{number} {LONG}" for number in range(60)]

    sections = text_of(name, "\n\n".join(paragraphs))

    assert [title for title, _ in sections] == [f"part {number}" for number in range(1, len(sections) + 1)]
    assert " ".join(text for _, text in sections) == " ".join(paragraphs)
    assert all(len(text) <= PART_CHARACTERS for _, text in sections)
    assert len(sections) == 3


def test_sections_that_say_nothing_are_left_out() -> None:
    assert [title for title, _ in text_of("a.md", f"# Only a title\n## One\n{LONG}\n## Two\nshort")] == ["One"]


def test_what_html_does_not_show_is_no_text() -> None:
    hidden = "<script>let a = '<h1>no</h1>';</script><style>h1 {}</style><template>never</template>"

    assert text_of("a.html", f"<h1>A &amp; <i>B</i></h1>{hidden}<ul><li>{LONG}<li>caf&eacute;</ul></h2>") == [
        ("A & B", f"{LONG} café")
    ]


def encrypted() -> bytes:
    pdf = FPDF()
    pdf.set_font("Times")
    pdf.add_page()
    pdf.multi_cell(0, 6, LONG)
    writer = PdfWriter(PdfReader(BytesIO(bytes(pdf.output()))))
    writer.encrypt("secret", algorithm="RC4-128")
    content = BytesIO()
    writer.write(content)
    return content.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("notes.docx", b"x", r"ends in one of \.pdf, \.md"),
        ("notes", b"x", r"ends in one of \.pdf, \.md"),
        ("big.txt", b"x" * (MAX_DOCUMENT_BYTES + 1), "has 4,500,001 bytes.*split it"),
        ("latin.txt", b"caf\xe9", "byte 4 is not UTF-8"),
        ("empty.md", b"", f"no text of {MIN_SECTION_CHARACTERS} characters"),
        ("broken.pdf", b"%PDF-1.7 and nothing else", "broken.pdf: cannot be read as PDF"),
        ("secret.pdf", encrypted(), "secret.pdf: cannot be read as PDF.*unencrypted"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_to_do(name: str, content: bytes, complaint: str) -> None:
    with pytest.raises(UnreadableDocumentError, match=complaint):
        read_document(name, content)


def test_a_pdf_of_pictures_has_no_text() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.line(0, 0, 50, 50)

    with pytest.raises(UnreadableDocumentError, match="is it empty, or scanned"):
        read_document("scan.pdf", bytes(pdf.output()))


@given(st.sampled_from(["a.md", "a.html", "a.txt", "a.pdf"]), st.binary() | st.text().map(str.encode))
def test_any_bytes_are_read_or_refused(name: str, content: bytes) -> None:
    try:
        document = read_document(name, content)
    except UnreadableDocumentError:
        return
    assert all(section.title.strip() and section.text.strip() for section in document.sections)
