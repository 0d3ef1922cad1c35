"""What a run costs: quantities times prices. A price that is not known is named, never guessed."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from finetuning import calibration
from finetuning.base_models import EMBEDDING_MODEL, JUDGE_MODELS, PRICE_UNITS, UNKNOWN, BaseModel, Price
from finetuning.json_names import camel_keys
from finetuning.run_config import RunConfig
from finetuning.tokens import estimate_tokens

# Planning figures: throughput took 10-45 minutes to come into service in reports of 2024-2026; a short answer takes
# seconds. Whether AWS rounds part hours up is not documented, so the estimate does.
PLANNED_CREATION_HOURS = 0.75
PLANNED_SECONDS_PER_ANSWER = 10
PLANNED_JUDGEMENT_TOKENS = 150


@dataclass(frozen=True)
class CostItem:
    """`usd` is None where the price is unknown."""

    item: str
    quantity: float
    unit: str
    unit_usd: float | None
    usd: float | None
    source: str

    def to_json(self) -> dict[str, Any]:
        return camel_keys(asdict(self))


@dataclass(frozen=True)
class Cost:
    """The bill of a run, planned or real; `usd` is a lower bound where `unknown` names prices."""

    items: Sequence[CostItem]

    @property
    def usd(self) -> float:
        return sum(item.usd or 0.0 for item in self.items)

    @property
    def unknown(self) -> list[str]:
        return [item.item for item in self.items if item.usd is None]


def bill(quantities: Mapping[str, float], run: RunConfig, model: BaseModel) -> Cost:
    """quantities: by the names of PRICE_UNITS, in thousands of tokens or in hours."""
    known = {**model.prices, **JUDGE_MODELS[run.judge_model].prices, **EMBEDDING_MODEL.prices}
    return priced(quantities, known | {name: Price(usd, "execution input") for name, usd in run.prices.items()})


def priced(quantities: Mapping[str, float], prices: Mapping[str, Price]) -> Cost:
    """Both by the names of PRICE_UNITS; a price that is missing is unknown. Nothing bought = no item."""
    items = []
    for name, quantity in quantities.items():
        price = prices.get(name, UNKNOWN)
        if quantity:
            usd = None if price.usd is None else quantity * price.usd
            items.append(CostItem(name, quantity, PRICE_UNITS[name], price.usd, usd, price.source))
    return Cost(items)


def estimate(run: RunConfig, model: BaseModel, dataset: Mapping[str, Any], rubric_tokens: int) -> Cost:
    """What the whole run may cost at most, as far as prices are known. What an earlier run trained is not in it.

    dataset: what ValidateDataset returned (records and tokens by file).
    """
    epochs = 0 if run.custom_model_arn or dataset["trained"] else int(run.hyper_parameters["epochCount"])
    asked, answered = _asking(run, dataset)
    asking = {
        "trainingPer1kTokens": dataset["training"]["tokens"] * epochs / 1000,
        "inputPer1kTokens": asked,
        "outputPer1kTokens": answered,
    }
    scoring = _total(_calibrating(dataset, rubric_tokens), _scoring(run, dataset, rubric_tokens))
    rest = _custom_models_part(run, dataset, rubric_tokens) if run.evaluate_custom_model else {}
    return bill(_total(_total(asking, scoring), rest), run, model)


def with_host(state: Mapping[str, Any], run: RunConfig, model: BaseModel, rubric_tokens: int) -> tuple[Cost, Cost]:
    """What the run has cost before its custom model is served, and what it may have cost at its end.

    state: the execution's, with calibration, baseScores and, after training, job and training.
    """
    # A report is written also where the calibration's answer got lost.
    scored = _total(state["baseScores"]["spent"], state.get("calibration", {}).get("spent", {}))
    spent = {"trainingPer1kTokens": trained_tokens(state, run) / 1000, **scored}
    rest = _custom_models_part(run, state["dataset"], rubric_tokens)
    return bill(spent, run, model), bill(_total(spent, rest), run, model)


def usage(
    answers: Iterable[Mapping[str, Any]], judgements: Iterable[Mapping[str, Any]], since: str
) -> dict[str, float]:
    """The quantities of the base model's answers and of scored answers; those made before, another run has paid."""
    own_answers = [answer for answer in answers if is_since(answer["askedAt"], since)]
    own_judgements = [judgement for judgement in judgements if is_since(judgement["judgedAt"], since)]
    return {
        "inputPer1kTokens": sum(answer["inputTokens"] for answer in own_answers) / 1000,
        "outputPer1kTokens": sum(answer["outputTokens"] for answer in own_answers) / 1000,
        "judgeInputPer1kTokens": sum(judgement["judgeInputTokens"] for judgement in own_judgements) / 1000,
        "judgeOutputPer1kTokens": sum(judgement["judgeOutputTokens"] for judgement in own_judgements) / 1000,
        # Answers of the judge's calibration are not embedded.
        "embeddingPer1kTokens": sum(judgement.get("embeddingTokens", 0) for judgement in own_judgements) / 1000,
    }


def served(answers: Iterable[Mapping[str, Any]], hosted_seconds: float, run: RunConfig) -> dict[str, float]:
    """The quantities of a custom model's host: by the hour, or by the token of the answers that this run asked for."""
    if run.hosting == "provisionedThroughput":
        return {"throughputPerHour": hosted_seconds / 3600}
    own = [answer for answer in answers if is_since(answer["askedAt"], run.started_at)]
    return {
        "customInputPer1kTokens": sum(answer["inputTokens"] for answer in own) / 1000,
        "customOutputPer1kTokens": sum(answer["outputTokens"] for answer in own) / 1000,
    }


def trained_tokens(state: Mapping[str, Any], run: RunConfig) -> int:
    """What this run's own job has trained on, by the epochs that it really took."""
    if "training" not in state or not is_own_job(state, run):
        return 0
    tokens: int = state["dataset"]["training"]["tokens"] * state["training"]["epochs"]
    return tokens


def is_own_job(state: Mapping[str, Any], run: RunConfig) -> bool:
    """Not one of an earlier run, which has paid for it."""
    created_at = state["job"].get("createdAt")
    return created_at is None or is_since(created_at, run.started_at)


def epochs_asked(run: RunConfig) -> int:
    return int(run.hyper_parameters["epochCount"])


def _custom_models_part(run: RunConfig, dataset: Mapping[str, Any], rubric_tokens: int) -> Mapping[str, float]:
    scoring = _scoring(run, dataset, rubric_tokens)
    return scoring if dataset["customModelAnswered"] else {**_serving(run, dataset), **scoring}


def _serving(run: RunConfig, dataset: Mapping[str, Any]) -> Mapping[str, float]:
    if run.hosting == "onDemand":
        asked, answered = _asking(run, dataset)
        return {"customInputPer1kTokens": asked, "customOutputPer1kTokens": answered}
    questions = dataset["evaluation"]["records"]
    hours = PLANNED_CREATION_HOURS + questions * PLANNED_SECONDS_PER_ANSWER / run.answers.concurrency / 3600
    return {"throughputPerHour": float(math.ceil(hours))}


def _asking(run: RunConfig, dataset: Mapping[str, Any]) -> tuple[float, float]:
    """Thousands of tokens with which a model is asked every question, and may answer at most."""
    questions, question_tokens = dataset["evaluation"]["records"], dataset["evaluation"]["tokens"]
    system_tokens = estimate_tokens(dataset["systemPrompt"] or "")
    return (question_tokens + questions * system_tokens) / 1000, questions * run.answers.max_tokens / 1000


def _calibrating(dataset: Mapping[str, Any], rubric_tokens: int) -> Mapping[str, float]:
    """The judge, with answers about as long as the evaluation data's."""
    questions, question_tokens = dataset["evaluation"]["records"], dataset["evaluation"]["tokens"]
    judged = len(calibration.KINDS) * min(calibration.QUESTIONS, questions)
    return {
        "judgeInputPer1kTokens": judged * (rubric_tokens + 2 * question_tokens / questions) / 1000,
        "judgeOutputPer1kTokens": judged * PLANNED_JUDGEMENT_TOKENS / 1000,
    }


def _scoring(run: RunConfig, dataset: Mapping[str, Any], rubric_tokens: int) -> Mapping[str, float]:
    """One model's answers, judged and embedded."""
    questions, question_tokens = dataset["evaluation"]["records"], dataset["evaluation"]["tokens"]
    answers = questions * run.answers.max_tokens + question_tokens
    return {
        "judgeInputPer1kTokens": run.judge_repeats * (questions * rubric_tokens + answers) / 1000,
        "judgeOutputPer1kTokens": run.judge_repeats * questions * PLANNED_JUDGEMENT_TOKENS / 1000,
        "embeddingPer1kTokens": answers / 1000,
    }


def _total(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    return {name: one.get(name, 0.0) + other.get(name, 0.0) for name in {**one, **other}}


def is_since(at: str, since: str) -> bool:
    """Both in ISO 8601."""
    return datetime.fromisoformat(at) >= datetime.fromisoformat(since)
