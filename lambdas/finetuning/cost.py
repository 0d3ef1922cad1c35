"""What a run costs: quantities times prices. A price that is not known is named, never guessed."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from finetuning.base_models import JUDGE_MODELS, PRICE_UNITS, UNKNOWN, BaseModel, Price
from finetuning.json_names import camel_keys
from finetuning.run_config import RunConfig

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
    """quantities: by the names of PRICE_UNITS, in thousands of tokens or in hours. Nothing bought = no item."""
    known = {**model.prices, **JUDGE_MODELS[run.judge_model].prices}
    known |= {name: Price(usd, "execution input") for name, usd in run.prices.items()}
    items = []
    for name, quantity in quantities.items():
        price = known.get(name, UNKNOWN)
        if quantity:
            usd = None if price.usd is None else quantity * price.usd
            items.append(CostItem(name, quantity, PRICE_UNITS[name], price.usd, usd, price.source))
    return Cost(items)


def estimate(
    run: RunConfig, model: BaseModel, dataset: Mapping[str, Any], rubric_tokens: int, system_tokens: int
) -> Cost:
    """What the whole run may cost at most, as far as prices are known.

    dataset: what ValidateDataset returned (records and tokens by file).
    """
    questions, question_tokens = dataset["evaluation"]["records"], dataset["evaluation"]["tokens"]
    epochs = int(run.hyper_parameters["epochCount"])
    answer_tokens = questions * run.answers.max_tokens
    answering_hours = questions * PLANNED_SECONDS_PER_ANSWER / run.answers.concurrency / 3600
    trained = 0 if run.custom_model_arn else dataset["training"]["tokens"] * epochs
    quantities = {
        "trainingPer1kTokens": trained / 1000,
        "throughputPerHour": float(math.ceil(PLANNED_CREATION_HOURS + answering_hours)),
        "inputPer1kTokens": (question_tokens + questions * system_tokens) / 1000,
        "outputPer1kTokens": answer_tokens / 1000,
        # The base and the custom model's answers are both judged.
        "judgeInputPer1kTokens": 2 * (questions * rubric_tokens + question_tokens + answer_tokens) / 1000,
        "judgeOutputPer1kTokens": 2 * questions * PLANNED_JUDGEMENT_TOKENS / 1000,
    }
    return bill(quantities, run, model)
