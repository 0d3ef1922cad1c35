"""Which runs a sweep makes: the grid of what it was given, checked as a whole before anything starts."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any, Literal, get_args

from finetuning.base_models import BASE_MODELS, UNKNOWN
from finetuning.errors import InvalidInputError
from finetuning.json_names import camel_keys
from finetuning.names import fits_a_tag
from finetuning.run_config import DEFAULT_DATASET, DEFAULT_MAX_SPEND_USD, MAX_USD, configure

# Each trains for hours; more at a time would meet Bedrock's quotas of jobs.
AT_ONCE = 2
# More than a day's worth is rather a mistake.
MAX_RUNS = 20
# A name of Step Functions has 80 characters; of those the names of its runs need some.
MAX_NAME_LENGTH = 80 - len("-00-best")
# They travel in the execution's state, of which Step Functions takes 256 KiB, and which holds one of them twice.
MAX_INPUT_BYTES = 150_000
Evaluate = Literal["best", "all"]
_FIELDS = ("baseModels", "datasets", "hyperParameters", "evaluate", "maxSpendUsd", "input")
# In the input of its runs.
_SET_BY_THE_SWEEP = (
    *("dataset", "hyperParameters", "maxSpendUsd", "evaluateCustomModel"),
    *("keepCustomModel", "customModelArn", "resumeFrom"),
)


@dataclass(frozen=True)
class PlannedRun:
    """name: of its execution; input: the execution's."""

    name: str
    base_model: str
    input: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return camel_keys(asdict(self))

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "PlannedRun":
        return cls(document["name"], document["baseModel"], document["input"])


@dataclass(frozen=True)
class Plan:
    evaluate: Evaluate
    max_spend_usd: float
    runs: Sequence[PlannedRun]

    @property
    def at_once(self) -> int:
        """An account's quota is often one model unit."""
        buys = any(run.input["evaluateCustomModel"] and needs_throughput(run) for run in self.runs)
        return 1 if buys else AT_ONCE

    def to_json(self) -> dict[str, Any]:
        return {**camel_keys(asdict(self)), "runs": [run.to_json() for run in self.runs]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "Plan":
        runs = [PlannedRun.from_json(run) for run in document["runs"]]
        return cls(document["evaluate"], document["maxSpendUsd"], runs)


def plan(given: object, sweep: str, own_base_model: str, shipped_datasets: Mapping[str, Any], started_at: str) -> Plan:
    """sweep: the name of the sweep's execution. own_base_model: what is tuned where the input names none.

    Each limit is an equal share of the budget, also for the evaluations that come later: their sum is never more.
    Raises InvalidInputError, which lists every problem at once.
    """
    if not fits_a_tag(sweep) or len(sweep) > MAX_NAME_LENGTH:
        problem = f"{sweep!r}: use ASCII letters, digits and . _ = + @ - only, {MAX_NAME_LENGTH} at most"
        raise InvalidInputError("The execution's name is wrong:", [problem])
    problems = list(_problems(given))
    if problems or not isinstance(given, dict):
        raise InvalidInputError("The sweep's input is wrong:", problems)
    evaluate: Evaluate = given.get("evaluate", "best")
    budget, grid = float(given.get("maxSpendUsd", DEFAULT_MAX_SPEND_USD)), list(_grid(given, own_base_model))
    later = len({base_model for base_model, _ in grid}) if evaluate == "best" else 0
    share = budget / (len(grid) + later)
    common = {"evaluateCustomModel": evaluate == "all", "maxSpendUsd": share}
    runs = [
        PlannedRun(f"{sweep}-{number:02d}", base_model, {**given.get("input", {}), **own, **common})
        for number, (base_model, own) in enumerate(grid, start=1)
    ]
    problems = [problem for run in runs for problem in _refused(run, shipped_datasets, started_at)]
    problems += [] if problems else _unaffordable(runs, budget)
    size = len(json.dumps([run.input for run in runs], ensure_ascii=False).encode())
    if size > MAX_INPUT_BYTES:
        problems.append(
            f"input: for {len(runs)} runs it has {size:,} bytes, and {MAX_INPUT_BYTES:,} fit: shorten systemPrompt "
            "(left out, it is the one that the training records share), or make fewer runs"
        )
    if problems:
        raise InvalidInputError("The sweep's input is wrong:", list(dict.fromkeys(problems)))
    return Plan(evaluate, budget, runs)


def _problems(given: object) -> Iterator[str]:
    if not isinstance(given, dict):
        yield 'it must be a JSON object, for example {"hyperParameters": {"epochCount": [2, 10]}}'
        return
    wrong = list(_wrong_fields(given))
    yield from wrong
    if wrong:
        return
    taken = [name for name in given.get("input", {}) if name in _SET_BY_THE_SWEEP]
    if taken:
        yield f"input: {', '.join(taken)} is set by the sweep; see its own fields"
    unknown = [key for key in given.get("baseModels", []) if key not in BASE_MODELS]
    if unknown:
        yield f"baseModels: {', '.join(map(repr, unknown))} is not in the catalogue; choose of {', '.join(BASE_MODELS)}"
    lists = {name: each for name, each in given.get("hyperParameters", {}).items() if isinstance(each, list)}
    for name, values in lists.items():
        if any(value in values[:index] for index, value in enumerate(values)):
            yield f"hyperParameters.{name}: lists a value twice, and so would make the same run twice"
    size = math.prod(map(len, [given.get("baseModels", [""]), given.get("datasets", [""]), *lists.values()]))
    if not 2 <= size <= MAX_RUNS:
        yield f"a sweep has 2 to {MAX_RUNS} runs; these are {size}"


def _wrong_fields(given: Mapping[str, Any]) -> Iterator[str]:
    """Each by itself."""
    yield from (f"{name}: unknown field; known are {', '.join(_FIELDS)}" for name in given if name not in _FIELDS)
    for name, example in (("baseModels", '["nova-lite"]'), ("datasets", f'["{DEFAULT_DATASET}"]')):
        if name in given and not _is_list(given[name]):
            yield f"{name}: must be a list of different texts, for example {example}"
    for name, example in (("hyperParameters", '{"epochCount": [2, 10]}'), ("input", '{"language": "ja"}')):
        if name in given and not isinstance(given[name], dict):
            yield f"{name}: must be an object, for example {example}"
    if given.get("evaluate", "best") not in get_args(Evaluate):
        yield f"evaluate: must be one of {', '.join(get_args(Evaluate))}; got {given['evaluate']!r}"
    usd = given.get("maxSpendUsd", DEFAULT_MAX_SPEND_USD)
    if isinstance(usd, bool) or not isinstance(usd, int | float) or not 0 <= usd <= MAX_USD:
        yield f"maxSpendUsd: must be a number from 0 to {MAX_USD:,.0f}, for all runs together; got {usd!r}"


def _is_list(value: object) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(each, str) for each in value)
        and len(set(value)) == len(value)
    )


def _grid(given: Mapping[str, Any], own_base_model: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every combination: base model, and what the run's input has of the grid."""
    parameters = given.get("hyperParameters", {})
    values = [value if isinstance(value, list) else [value] for value in parameters.values()]
    datasets = given.get("datasets", [DEFAULT_DATASET])
    for base_model, dataset, chosen in product(given.get("baseModels", [own_base_model]), datasets, product(*values)):
        yield base_model, {"dataset": dataset, "hyperParameters": dict(zip(parameters, chosen, strict=True))}


def needs_throughput(run: PlannedRun) -> bool:
    """To be evaluated."""
    hosting = run.input.get("hosting", "auto")
    return (BASE_MODELS[run.base_model].default_hosting if hosting == "auto" else hosting) == "provisionedThroughput"


def _unaffordable(runs: Sequence[PlannedRun], budget: float) -> Iterator[str]:
    """An hour of each throughput that a run, or the best run of a base model, will need."""
    hours: dict[str, float] = {}
    for run in runs:
        model, prices = BASE_MODELS[run.base_model], run.input.get("prices", {})
        if not needs_throughput(run):
            continue
        price = prices.get("throughputPerHour", model.prices.get("throughputPerHour", UNKNOWN).usd)
        if price is None:
            yield (
                f"{model.key}: the price of its Provisioned Throughput is not known, so no budget can be kept: give it "
                'as {"input": {"prices": {"throughputPerHour": …}}}'
            )
            continue
        hours[run.name if run.input["evaluateCustomModel"] else model.key] = price
    if sum(hours.values()) > budget:
        yield (
            f"maxSpendUsd: an hour of Provisioned Throughput for each of {len(hours)} custom models costs "
            f"${sum(hours.values()):,.2f}, and maxSpendUsd is ${budget:,.2f}"
        )


def _refused(run: PlannedRun, shipped_datasets: Mapping[str, Any], started_at: str) -> list[str]:
    """What the run itself would refuse, said once for all runs that have it."""
    try:
        configure(run.input, BASE_MODELS[run.base_model], shipped_datasets, "any", started_at)
    except InvalidInputError as error:
        return [f"{run.base_model}: {problem}" for problem in error.problems]
    return []
