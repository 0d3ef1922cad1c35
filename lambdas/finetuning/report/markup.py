"""HTML and SVG elements whose every plain string is escaped: only what this module built counts as markup."""

import html
from collections.abc import Iterable, Mapping, Sequence

_VOID = frozenset({"br", "input", "link", "meta"})

# What HTML cannot hold is shown by its control picture (NUL becomes "␀"), so that it is neither lost nor invisible.
# The last range turns the direction of text around, which can make an answer read otherwise than it is written.
_CONTROLS = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\t\n"}
_CONTROLS |= {code: f"\\x{code:02x}" for code in range(0x7F, 0xA0)}
_CONTROLS |= {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}


class Html(str):
    """Markup: goes into the page as it is. Any other string is text and is escaped."""

    __slots__ = ()


def escape(text: str) -> Html:
    """Text for an element or a quoted attribute; characters that UTF-8 or HTML cannot hold are spelled out."""
    encodable = text.replace("\r\n", "\n").encode("utf-8", "backslashreplace").decode("utf-8")
    return Html(html.escape(encodable.translate(_CONTROLS), quote=True))


def element(tag: str, *children: str | None, **attributes: str | float | None) -> Html:
    """`<tag …>children</tag>`; None is left out, `class_` means class, `stroke_width` means stroke-width."""
    opening = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Html(f"<{tag}{opening}>")
    return Html(f"<{tag}{opening}>{join(children)}</{tag}>")


def join(children: Iterable[str | None], separator: str = "") -> Html:
    parts = (child if isinstance(child, Html) else escape(child) for child in children if child is not None)
    return Html(escape(separator).join(parts))


def section(key: str, title: str, *children: str | None) -> Html:
    """A landmark named by its heading, at `#key`."""
    heading = element("h2", title, id=f"{key}-title")
    return element("section", heading, *children, id=key, aria_labelledby=f"{key}-title")


def text_block(text: str, class_: str = "text") -> Html:
    """Text from a dataset, a model or an error: line breaks kept, written in its own direction."""
    return element("div", text, class_=class_, dir="auto")


def definitions(facts: Mapping[str, str], class_: str | None = None) -> Html:
    """Names and values as a definition list."""
    rows = (element("div", element("dt", name), element("dd", value)) for name, value in facts.items())
    return element("dl", *rows, class_=class_)


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, numeric: Iterable[int] = (), wide: bool = False
) -> Html:
    """A table whose first column names the row. `numeric` columns are set to the right; a `wide` one becomes a list
    on a phone.
    """
    alignment = dict.fromkeys(numeric, "number")
    head = (element("th", name, scope="col", class_=alignment.get(index)) for index, name in enumerate(columns))
    body = (
        element(
            "tr",
            element("th", first, scope="row"),
            *(
                element("td", cell, class_=alignment.get(index), data_label=columns[index])
                for index, cell in enumerate(rest, start=1)
            ),
        )
        for first, *rest in rows
    )
    content = join([element("thead", element("tr", *head)), element("tbody", *body)])
    return element("div", element("table", content, class_="wide" if wide else None), class_="scroll")
