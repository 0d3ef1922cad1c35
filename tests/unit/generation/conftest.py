"""Documents to ask about: a handbook in English and one in Japanese, the first also as HTML and as PDF."""

import html
import re
from pathlib import Path

import pytest
from fpdf import FPDF

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def workshop() -> Path:
    return FOLDER / "workshop.md"


@pytest.fixture(scope="session")
def bathhouse() -> Path:
    return FOLDER / "bathhouse-ja.md"


@pytest.fixture(scope="session")
def workshop_html(workshop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    blocks = re.split(r"\n\s*\n", workshop.read_text().strip())
    body = "\n".join(_html(block) for block in blocks)
    path = tmp_path_factory.mktemp("html") / "workshop.html"
    head = "<head><title>Workshop</title><style>p {color: red}</style></head>"
    path.write_text(f"<!doctype html><html>{head}<body>{body}<script>let x = 'no text';</script></body></html>")
    return path


def _html(block: str) -> str:
    marks, _, title = block.rpartition("# ")
    if marks or block.startswith("# "):
        return f"<h{len(marks) + 1}>{html.escape(title)}</h{len(marks) + 1}>"
    first, space, rest = block.partition(" ")
    return f"<p><b>{html.escape(first)}</b>{space}{html.escape(rest)}</p>"


@pytest.fixture(scope="session")
def workshop_pdf(workshop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """On pages, in lines as narrow as a book's."""
    pdf = FPDF(format=(120, 180))
    pdf.set_font("Times", size=12)
    for section in workshop.read_text().split("\n## "):
        title, _, text = section.partition("\n")
        pdf.add_page()
        pdf.multi_cell(0, 8, title.lstrip("# "), new_x="LMARGIN", new_y="NEXT")
        pdf.multi_cell(0, 6, text)
    path = tmp_path_factory.mktemp("pdf") / "workshop.pdf"
    pdf.output(str(path))
    return path
