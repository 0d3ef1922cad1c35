"""Calls of the model: each one kept as soon as it is paid for, none made that could pass the spending limit."""

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from finetuning.base_models import Price
from finetuning.cost import Cost, priced
from finetuning.errors import OverBudgetError, WorkingFileError
from finetuning.generation.working_file import Reply, WorkingFile
from finetuning.tool_use import tool_input

if TYPE_CHECKING:
    from types_boto3_bedrock_runtime.client import BedrockRuntimeClient


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
        self._largest_input: defaultdict[str, int] = defaultdict(int)
        self.input_tokens = self.output_tokens = self.paid = 0

    @property
    def cost(self) -> Cost:
        return self._cost(self.input_tokens, self.output_tokens)

    def ask(self, request: Mapping[str, Any], document_tokens: int = 0) -> Reply:
        """The kept reply to this request, otherwise the model's. request: of Converse, with one tool.

        document_tokens: what a document in it has at most.
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
            self._check_limit(request, tool, document_tokens)
            reply = self._call(request, tool)
            self._file.keep(request, reply)
            self.paid += 1
        self.input_tokens += reply.input_tokens
        self.output_tokens += reply.output_tokens
        self._largest_input[tool] = max(self._largest_input[tool], reply.input_tokens)
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

    def _check_limit(self, request: Mapping[str, Any], tool: str, document_tokens: int) -> None:
        if self._max_spend_usd is None:
            return
        # A token is a byte of text or more, so this is more than the model will count. What it makes of a document is
        # known from the call before.
        text = len(json.dumps(request, ensure_ascii=False, default=lambda _: "").encode())
        input_tokens = max(text + document_tokens, self._largest_input[tool])
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
