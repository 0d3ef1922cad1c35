"""Bedrock Runtime: Converse and InvokeModel. What answers stands in for real models; an answer takes virtual time."""

import json
from collections.abc import Sequence
from itertools import count
from typing import Any

from finetuning.base_models import EMBEDDING_MODEL, JUDGE_MODELS
from finetuning.tokens import estimate_tokens

from local.bedrock import embedding
from local.bedrock.account import Account, resource_id
from local.bedrock.errors import AwsError, NotEmulatedError, validation_error
from local.bedrock.foundation_models import FoundationModels, end_of_life
from local.bedrock.hosts import Host, Hosts
from local.bedrock.models import LanguageModel, Models
from local.bedrock.prompts import (
    Completion,
    Prompt,
    claude_answer,
    converse_answer,
    prompt_of_claude,
    prompt_of_converse,
)
from local.bedrock.service_model import Document
from local.bedrock.settings import Settings
from local.bedrock.tasks import WITHOUT_TASK, tool_input

_HOSTS = ("provisioned-model/", "custom-model-deployment/")
_FIRST_TOKEN_MS = 400
_TOKEN_MS = 12
_EMBEDDING_MS = 100


class Runtime:
    def __init__(
        self,
        account: Account,
        settings: Settings,
        *,
        foundation_models: FoundationModels,
        hosts: Sequence[Hosts[Any]],
        models: Models,
    ) -> None:
        self._account = account
        self._settings = settings
        self._foundation_models = foundation_models
        self._hosts = hosts
        self._models = models
        self._answers = count(1)
        self.operations = {"Converse": self._converse, "InvokeModel": self._invoke_model}

    def _converse(self, parameters: Document) -> Document:
        prompt = prompt_of_converse(parameters)
        completion = self._complete(parameters["modelId"], prompt)
        return converse_answer(completion, prompt.tool, use_id=f"tooluse_{self._answer_id()}")

    def _invoke_model(self, parameters: Document) -> Document:
        model_id, body = parameters["modelId"], parameters.get("body", b"")
        if model_id == EMBEDDING_MODEL.id:
            return {"body": self._embed(body), "contentType": "application/json"}
        if not self._is_claude(model_id):
            raise NotEmulatedError(f"InvokeModel with {model_id}: only Claude's messages and Titan's embeddings are,")
        completion = self._complete(model_id, prompt_of_claude(body))
        return {
            "body": claude_answer(completion, model_id, self._answer_id()),
            "contentType": "application/json",
        }

    def _embed(self, body: bytes) -> bytes:
        if self._foundation_models.find(EMBEDDING_MODEL.id) is None:
            raise validation_error("The provided model identifier is invalid.")
        request = embedding.read_request(body)
        self._account.clock.sleep(_EMBEDDING_MS / 1000)
        return embedding.response(request, self._models.embed(request.text, request.dimensions))

    def _answer_id(self) -> str:
        return resource_id("answer", str(next(self._answers)))

    def _is_claude(self, model_id: str) -> bool:
        host = self._host(model_id)
        name = host.custom_model.base_model.customization_id if host else model_id
        return "anthropic.claude" in name

    def _host(self, arn: str) -> Host | None:
        return next((host for hosts in self._hosts if (host := hosts.find(arn))), None)

    def _complete(self, model_id: str, prompt: Prompt) -> Completion:
        if prompt.tool and self._is_judge(model_id):
            completion = self._judge(prompt)
        elif prompt.documents:
            raise NotEmulatedError(f"{model_id} with documents: only the judge models are,")
        else:
            completion = self._answer(self._language_model(model_id), prompt)
        self._account.clock.sleep(completion.latency_ms / 1000)
        return completion

    def _is_judge(self, model_id: str) -> bool:
        profile = self._foundation_models.profile(model_id)
        return profile is not None and profile.id in JUDGE_MODELS

    def _language_model(self, model_id: str) -> LanguageModel:
        if model_id.startswith(tuple(map(self._account.arn, _HOSTS))):
            return self._custom_model(model_id)
        if profile := self._foundation_models.profile(model_id):
            # Raises past its end of life.
            self._foundation_models.find(profile.foundation_model)
            return self._models.untrained()
        model = self._foundation_models.find(model_id)
        if model is None:
            raise validation_error("The provided model identifier is invalid.")
        if model.output != "TEXT":
            raise validation_error("This model doesn't support the Converse operation.")
        if model.base_model is not None or not model.on_demand:
            raise validation_error(f"Invocation of model ID {model_id} with on-demand throughput isn't supported.")
        return self._models.untrained()

    def _custom_model(self, arn: str) -> LanguageModel:
        host = self._host(arn)
        if host is None:
            raise AwsError("ResourceNotFoundException", f"There is no model {arn}.")
        now = self._account.clock.now()
        if host.custom_model.base_model.lifecycle.is_past_end_of_life(now.date()):
            raise end_of_life()
        if host.is_creating(now):
            raise AwsError("ModelNotReadyException", f"The model {arn} is not ready for inference.")
        return host.custom_model.model

    def _answer(self, model: LanguageModel, prompt: Prompt) -> Completion:
        text = model.answer(
            prompt.question,
            max_tokens=prompt.max_tokens,
            temperature=prompt.temperature,
            seed=self._settings.seed,
        )
        return _completion(prompt, text)

    def _judge(self, prompt: Prompt) -> Completion:
        given = tool_input(self._models, prompt.question, prompt.documents)
        if given is None:
            return _completion(prompt, WITHOUT_TASK)
        output_tokens = estimate_tokens(json.dumps(given, ensure_ascii=False))
        return Completion("", "tool_use", prompt.input_tokens, output_tokens, _latency_ms(output_tokens), given)


def _completion(prompt: Prompt, text: str) -> Completion:
    # The stand-in counts tokens in its own way, so its answer may be a few of ours longer than asked.
    output_tokens = min(estimate_tokens(text), prompt.max_tokens)
    stop_reason = "max_tokens" if output_tokens == prompt.max_tokens else "end_turn"
    return Completion(text, stop_reason, prompt.input_tokens, output_tokens, _latency_ms(output_tokens))


def _latency_ms(output_tokens: int) -> int:
    return _FIRST_TOKEN_MS + _TOKEN_MS * output_tokens
