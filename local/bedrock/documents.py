"""Document blocks of Converse: Bedrock's rules for them, and their text.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html and API_runtime_Message.html,
read 2026-11; the words of the refusals as users have met them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from finetuning.errors import UnreadableDocumentError
from finetuning.generation.documents import MAX_DOCUMENT_BYTES, Document, Format, parse

from local.bedrock.errors import NotEmulatedError, validation_error

MAX_DOCUMENTS = 5
_NAME = re.compile(r"[A-Za-z0-9\s\-()\[\]]+")


def documents_of(messages: Sequence[Mapping[str, Any]]) -> list[Document]:
    """Every document in the messages of Converse. Raises ValidationException where they break a rule."""
    blocks = []
    for message in messages:
        own = [block["document"] for block in message["content"] if "document" in block]
        if own and message["role"] != "user":
            raise validation_error("Documents can only be included in messages of the user.")
        if own and not any("text" in block for block in message["content"]):
            raise validation_error("A message with a document must also have a text block.")
        blocks += own
    if len(blocks) > MAX_DOCUMENTS:
        raise validation_error(f"You can include up to {MAX_DOCUMENTS} documents.")
    names = [block["name"] for block in blocks]
    if len(set(names)) < len(names):
        raise validation_error(
            "Messages can't contain duplicate document names. Rename the document and retry your request."
        )
    return [_document(block) for block in blocks]


def _document(block: Mapping[str, Any]) -> Document:
    name, kind = block["name"], block.get("format", "txt")
    if not _NAME.fullmatch(name) or re.search(r"\s\s", name):
        raise validation_error(
            "The document file name can only contain alphanumeric characters, whitespace characters, hyphens, "
            "parentheses, and square brackets. The name can't contain more than one consecutive whitespace character. "
            "Check that the file name conforms to these restrictions and retry your request."
        )
    if kind not in get_args(Format):
        raise NotEmulatedError(f"a document of format {kind}")
    if "bytes" not in block["source"]:
        raise NotEmulatedError(f"a document whose source is {next(iter(block['source']), 'nothing')}")
    content = block["source"]["bytes"]
    if len(content) > MAX_DOCUMENT_BYTES:
        raise validation_error("The document is larger than 4.5 MB.")
    try:
        return parse(name, kind, content)
    except UnreadableDocumentError as error:
        raise validation_error(f"The document could not be read: {error}") from error
