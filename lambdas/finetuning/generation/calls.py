"""Calls of the model: each one kept as soon as it is paid for, none made that could pass the spending limit."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from finetuning.base_models import Price
from finetuning.cost import Cost, priced
from finetuning.errors import OverBudgetError, WorkingFileError
from finetuning.generation.documents import Document
from finetuning.generation.working_file import Reply, WorkingFile
from finetuning.tool_use import tool_input

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient


# What a model may read of a PDF's page beside its text; a planning figure, since models differ.
PLANNED_TOKENS_PER_PAGE = 3_000


class Calls:
    """What a model is asked, and what that has cost, calls of earlier processes included.

    input_tokens, output_tokens: all that was used. paid: how many calls this process has made.
    """

    def __init__(
        self,
        client: "BedrockRuntimeClient",
        file: WorkingFile,
        prices: Mapping[str, Price],
        max_spend_usd: float | None,
    ) -> None:
        """prices: the model's, by the names of PRICE_UNITS; known where there is a limit."""
        self._client = client
        self._file = file
        self._prices = prices
        self._max_spend_usd = max_spend_usd
        # By the document's name: the fewest input tokens of a call with it, and so the most that it has itself.
        self._document_tokens: dict[str, int] = {}
        self.input_tokens = self.output_tokens = self.paid = 0

    @property
    def cost(self) -> Cost:
        return self._cost(self.input_tokens, self.output_tokens)

    def ask(self, request: Mapping[str, Any], document: Document | None = None) -> Reply:
        """The kept reply to this request, otherwise the model's. request: of Converse, with one tool.

        document: the one in it.
        Raises OverBudgetError, WorkingFileError, and botocore's errors.
        """
        tool = request["toolConfig"]["tools"][0]["toolSpec"]["name"]
        reply = self._file.take(request)
        if reply is None:
            if self._file.replies:
                raise WorkingFileError(
                    f"{self._file.path} holds replies to other requests, as another version of this command makes "
                    "them: remove it"
                )
            self._check_limit(request, document)
            reply = self._call(request, tool)
            self._file.keep(request, reply)
            self.paid += 1
        self.input_tokens += reply.input_tokens
        self.output_tokens += reply.output_tokens
        if document is not None and reply.input_tokens:
            known = self._document_tokens.get(document.name, reply.input_tokens)
            self._document_tokens[document.name] = min(known, reply.input_tokens)
        return reply

    def _call(self, request: Mapping[str, Any], tool: str) -> Reply:
        client = self._client
        try:
            response: Any = client.converse(**request)
        except (client.exceptions.ValidationException, client.exceptions.ModelErrorException) as error:
            # Those are about this one request; every other error would meet the next one too.
            return Reply(None, f"refused: {error}", 0, 0)
        given = tool_input(response, tool)
        usage = response["usage"]
        called, problem = (None, f"{given} ({response['stopReason']})") if isinstance(given, str) else (given, "")
        return Reply(called, problem, usage["inputTokens"], usage["outputTokens"])

    def _check_limit(self, request: Mapping[str, Any], document: Document | None) -> None:
        if self._max_spend_usd is None:
            return
        # A token is a byte of text or more, so this is more than the model will count.
        input_tokens = len(json.dumps(request, ensure_ascii=False, default=lambda _: "").encode())
        if document is not None:
            input_tokens += self._document_tokens.get(document.name, _planned_tokens(document))
        most = self._cost(
            self.input_tokens + input_tokens, self.output_tokens + request["inferenceConfig"]["maxTokens"]
        )
        if most.usd > self._max_spend_usd:
            raise OverBudgetError(
                f"${self.cost.usd:,.4f} are spent, and with the next call it could be ${most.usd:,.4f}: more than the "
                f"limit of ${self._max_spend_usd:,.4f}. Raise it to go on"
            )

    def _cost(self, input_tokens: int, output_tokens: int) -> Cost:
        quantities = {
            "judgeInputPer1kTokens": input_tokens / 1000,
            "judgeOutputPer1kTokens": output_tokens / 1000,
        }
        return priced(quantities, self._prices)


def _planned_tokens(document: Document) -> int:
    """The most that a document has, before a call has shown it; more where a PDF's pages are read as pictures."""
    if document.pages == 0:
        return len(document.content)
    text = sum(len(section.text.encode()) for section in document.sections)
    return text + document.pages * PLANNED_TOKENS_PER_PAGE
