"""One HTML file that needs no network: what every page of ours has around its content."""

import hashlib
from base64 import b64encode
from importlib.resources import files

from finetuning.report.markup import Html, element
from finetuning.texts import Texts

_STYLES = ("style.css", "charts.css", "questions.css", "comparison.css")


def document(title: str, body: Html, say: Texts, *, script: str | None = None) -> str:
    """The page: `body` is the content of <body>, `script` the name of the one file of ours that may run on it.

    Nothing is loaded, and nothing but that script runs, whatever a dataset or a model wrote into the content: the
    policy names the script's hash.
    """
    code = None if script is None else _read(script)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_policy(code)}">'),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("title", title),
        element("style", Html("\n".join(_read(style) for style in _STYLES))),
    )
    running = None if code is None else element("script", Html(code))
    content = element("body", body, running)
    return "<!doctype html>\n" + element("html", head, content, lang=say.language) + "\n"


def footer(say: Texts, version: str | None) -> Html:
    name = " ".join(["bedrock-ft", *([version] if version else [])])
    return element("footer", element("p", say("report.madeBy", name=name)))


def _policy(code: str | None) -> str:
    runs = ""
    if code is not None:
        runs = f"script-src 'sha256-{b64encode(hashlib.sha256(code.encode()).digest()).decode()}'; "
    return f"default-src 'none'; {runs}style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"


def _read(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
