"""The execution input: what may be said in it, its defaults, and everything that is wrong with it at once."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any

from finetuning.base_models import (
    DEFAULT_JUDGE_MODEL,
    JUDGE_MODELS,
    PRICE_UNITS,
    BaseModel,
    Hosting,
    HyperParameter,
)
from finetuning.card import CARD
from finetuning.errors import InvalidInputError
from finetuning.json_names import camel_keys, snake
from finetuning.names import run_id
from finetuning.run_store import DATASET_FILES
from finetuning.texts import DEFAULT_LANGUAGE, LANGUAGES, Language

DEFAULT_DATASET = "bedrock-faq"
DEFAULT_MAX_SPEND_USD = 200.0
DEFAULT_MINIMUM_HEADROOM = 1.0
DEFAULT_DEADLINE_MINUTES = 90.0
MAX_SYSTEM_PROMPT = 10_000
# More than anything here can cost, and small enough to be added up.
MAX_USD = 1_000_000.0
_DATASET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
# GetCustomModel's pattern for an ARN (botocore's service model).
_CUSTOM_MODEL_ARN = re.compile(r"arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:custom-model/.+/[a-z0-9]{12}")


@dataclass(frozen=True)
class Dataset:
    """Where the three files of a dataset are (S3 URIs), and what people call it.

    card: where a fourth, card.json, is if there is one; None where there is none for certain.
    """

    name: str
    training: str
    validation: str
    evaluation: str
    card: str | None = None


@dataclass(frozen=True)
class AnswerSettings:
    """How questions are put to the models: output tokens, sampling temperature, batches of questions at a time.

    time_limit_minutes: how long the custom model may answer, from when its host is in service.
    """

    max_tokens: int = 512
    temperature: float = 0.0
    concurrency: int = 4
    time_limit_minutes: float = 50.0

    @property
    def time_limit(self) -> timedelta:
        return timedelta(minutes=self.time_limit_minutes)


@dataclass(frozen=True)
class RunConfig:
    """What one run will do. `hyper_parameters` are strings, as the API takes them; `prices` outrank the catalogue's.

    hosting: how the custom model is served.
    deadline_minutes: of what serves it, from its creation.
    evaluate_custom_model: whether the model that the run trains is served and asked; a sweep asks the best only.
    keep_custom_model: whether the model that the run trains stays when the run has evaluated it.
    language: of the report.
    judge_repeats: how often the judge is asked for a score of the same answer.
    earlier_runs: the runs that this one goes on from, the latest first.
    given: the execution input; of a run that goes on, completed by what the earlier ones were given.
    """

    base_model: str
    dataset: Dataset
    hyper_parameters: Mapping[str, str]
    judge_model: str = DEFAULT_JUDGE_MODEL
    system_prompt: str | None = None
    max_spend_usd: float = DEFAULT_MAX_SPEND_USD
    minimum_headroom: float = DEFAULT_MINIMUM_HEADROOM
    custom_model_arn: str | None = None
    hosting: Hosting = "provisionedThroughput"
    answers: AnswerSettings = AnswerSettings()
    prices: Mapping[str, float] = field(default_factory=dict)
    deadline_minutes: float = DEFAULT_DEADLINE_MINUTES
    evaluate_custom_model: bool = True
    keep_custom_model: bool = True
    language: Language = DEFAULT_LANGUAGE
    judge_repeats: int = 1
    earlier_runs: tuple[str, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    started_at: str = ""

    @property
    def host_life(self) -> timedelta:
        return timedelta(minutes=self.deadline_minutes)

    def to_json(self) -> dict[str, Any]:
        document = camel_keys(asdict(self)) | {"answers": camel_keys(asdict(self.answers))}
        return document | {"customModelGiven": self.custom_model_arn is not None}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> "RunConfig":
        values = {snake(key): value for key, value in document.items() if key != "customModelGiven"}
        values["dataset"] = Dataset(**values["dataset"])
        # JSON has no tuples.
        values["earlier_runs"] = tuple(values["earlier_runs"])
        values["answers"] = AnswerSettings(**{snake(key): value for key, value in values["answers"].items()})
        return cls(**values)


class _FieldError(Exception):
    """One thing wrong with one field; collected, never shown alone."""


# What the answers, scores and model of an earlier run were made with: a run that goes on from it has the same.
_SETTLED = ("dataset", "hyperParameters", "systemPrompt", "customModelArn")
_SETTLED_OF_ANSWERS = ("maxTokens", "temperature")


def configure(
    given: object,
    model: BaseModel,
    shipped_datasets: Mapping[str, Mapping[str, str]],
    data_bucket: str,
    started_at: str,
    find_run: Callable[[str], RunConfig | None] = lambda _run: None,
    is_running: Callable[[str], bool] = lambda _run: False,
) -> RunConfig:
    """Check the execution input and fill in the defaults: the earlier run's where it goes on from one.

    shipped_datasets: name → {"training": S3 URI, "validation": …, "evaluation": …} and, where there is one, "card"
    find_run: run id → what that run did; None where there is no such run, or it captured no dataset.
    is_running: run id → whether the execution of that run still goes on.
    Raises InvalidInputError, which lists every problem at once.
    """
    if not isinstance(given, dict):
        raise InvalidInputError("The execution input is wrong:", ["it must be a JSON object, for example {}"])
    earlier: RunConfig | None = None
    problems = []
    if "resumeFrom" in given:
        try:
            earlier = _earlier_run(given["resumeFrom"], find_run, is_running)
        except _FieldError as error:
            problems.append(f"resumeFrom{error}")
    readers: dict[str, Callable[[Any], object]] = {
        "dataset": lambda value: _dataset(value, shipped_datasets, data_bucket),
        "hyperParameters": lambda value: _hyper_parameters(value, model),
        "judgeModel": _judge_model,
        "systemPrompt": _system_prompt,
        "maxSpendUsd": lambda value: _number(value, minimum=0, maximum=MAX_USD),
        "minimumHeadroom": lambda value: _number(value, minimum=0, maximum=9),
        "customModelArn": _custom_model_arn,
        "hosting": lambda value: _hosting(value, model),
        "answers": lambda value: _answer_settings(value, earlier.answers if earlier else AnswerSettings()),
        "prices": _prices,
        "deadlineMinutes": lambda value: _number(value, minimum=30, maximum=600),
        "evaluateCustomModel": _boolean,
        "keepCustomModel": _boolean,
        "language": _language,
        "judgeRepeats": lambda value: _number(value, minimum=1, maximum=5, integer=True),
    }
    defaults = {} if earlier else {"dataset": DEFAULT_DATASET, "hyperParameters": {}, "hosting": "auto"}
    values: dict[str, Any] = {}
    for name, value in (defaults | given).items():
        if name == "resumeFrom":
            continue
        if name not in readers:
            problems.append(f"{name}: unknown field; known are {', '.join([*readers, 'resumeFrom'])}")
            continue
        try:
            values[snake(name)] = readers[name](value)
        except _FieldError as error:
            problems.extend(f"{name}{line}" for line in error.args)
    if earlier:
        problems.extend(_unsettled(values, earlier))
    given_model = values.get("custom_model_arn") or (earlier and earlier.custom_model_arn)
    if values.get("evaluate_custom_model") is False and values.get("keep_custom_model") is False:
        problems.append("keepCustomModel: a model that is neither evaluated nor kept is trained for nothing")
    if given_model and values.get("evaluate_custom_model") is False:
        problems.append("evaluateCustomModel: there is nothing else to do with customModelArn; leave one of them out")
    if given_model and values.get("keep_custom_model") is False:
        problems.append("keepCustomModel: a model given in customModelArn is never deleted; leave the field out")
    if problems:
        raise InvalidInputError("The execution input is wrong:", problems)
    if earlier:
        # Whoever goes on from a run that was only trained wants it evaluated.
        values = {"evaluate_custom_model": True, **values}
        return replace(earlier, started_at=started_at, given=_completed(given, earlier.given), **values)
    return RunConfig(base_model=model.key, started_at=started_at, given=given, **values)


def _earlier_run(
    value: object, find_run: Callable[[str], RunConfig | None], is_running: Callable[[str], bool]
) -> RunConfig:
    """What the run did that is to be gone on from, itself added to its earlier runs."""
    if not isinstance(value, str) or not value:
        raise _FieldError(f": must be the id of an earlier run, the name of its execution; got {value!r}")
    run = run_id(value)
    found = find_run(run)
    if found is None:
        raise _FieldError(
            f": there is nothing of a run {value!r} to go on from: no such run, or it ended before its dataset was "
            "captured. Run ids are the folders under runs/ of the results bucket; leave the field out to start anew."
        )
    if is_running(run):
        raise _FieldError(
            f": the run {value!r} still goes on, and both would pay for the same: wait for its end, or stop it first"
        )
    return replace(found, earlier_runs=(run, *found.earlier_runs))


def _unsettled(values: Mapping[str, Any], earlier: RunConfig) -> Iterator[str]:
    """What is given and differs from that with which the earlier run's answers and model were made."""
    different = [
        name for name in _SETTLED if snake(name) in values and values[snake(name)] != getattr(earlier, snake(name))
    ]
    answers = values.get("answers", earlier.answers)
    different += [
        f"answers.{name}"
        for name in _SETTLED_OF_ANSWERS
        if getattr(answers, snake(name)) != getattr(earlier.answers, snake(name))
    ]
    for name in different:
        yield (
            f"{name}: differs from the run {earlier.earlier_runs[0]!r} that is to be gone on from; leave it out, or "
            "leave resumeFrom out to start anew"
        )


def _completed(given: Mapping[str, Any], earlier: Mapping[str, Any]) -> Mapping[str, Any]:
    """The input with which a run of its own would have done the same."""
    completed = {**earlier, **given}
    if "answers" in given:
        completed["answers"] = {**earlier.get("answers", {}), **given["answers"]}
    return {name: value for name, value in completed.items() if name not in ("resumeFrom", "evaluateCustomModel")}


def _dataset(value: object, shipped: Mapping[str, Mapping[str, str]], data_bucket: str) -> Dataset:
    if isinstance(value, str):
        if value in shipped:
            return Dataset(name=value, **shipped[value])
        if not _DATASET_NAME.fullmatch(value):
            raise _FieldError(f": {value!r} is no dataset name (lower-case letters, digits, . _ -)")
        return _in_folder(value, *(f"s3://{data_bucket}/datasets/{value}/{file}.jsonl" for file in DATASET_FILES))
    if not isinstance(value, dict):
        raise _FieldError(": must be a name or an object with training, validation and evaluation S3 URIs")
    prefix = f"s3://{data_bucket}/datasets/"
    problems = [f".{key}: unknown field; known are {', '.join(DATASET_FILES)}" for key in value.keys() - DATASET_FILES]
    for file in DATASET_FILES:
        uri = value.get(file)
        if not isinstance(uri, str):
            problems.append(f".{file}: an S3 URI is needed")
        elif not uri.startswith(prefix):
            problems.append(
                f".{file}: must begin with {prefix}, the only place that the workflow may read; got {uri!r}"
            )
    if problems:
        raise _FieldError(*sorted(problems))
    name = value["training"].removeprefix(prefix).split("/")[0]
    return _in_folder(name, *(value[file] for file in DATASET_FILES))


def _in_folder(name: str, training: str, validation: str, evaluation: str) -> Dataset:
    """A dataset of the data bucket, whose card is beside its training data."""
    return Dataset(name, training, validation, evaluation, card=f"{training.rpartition('/')[0]}/{CARD}")


def _hyper_parameters(value: object, model: BaseModel) -> dict[str, str]:
    """Every hyperparameter of the model as the API's string, in the catalogue's order."""
    if not isinstance(value, dict):
        raise _FieldError(": must be an object of hyperparameter names and numbers")
    known = {parameter.name: parameter for parameter in model.hyper_parameters}
    problems = [
        f".{name}: {model.name} has no such hyperparameter; it has {', '.join(known)}"
        for name in value
        if name not in known
    ]
    chosen: dict[str, str] = {}
    for name, parameter in known.items():
        default = model.default_hyper_parameters.get(name, parameter.default)
        try:
            chosen[name] = _hyper_parameter(value.get(name, default), parameter)
        except _FieldError as error:
            problems.extend(f".{name}{line}" for line in error.args)
    if problems:
        raise _FieldError(*problems)
    return chosen


def _hyper_parameter(value: object, parameter: HyperParameter) -> str:
    if isinstance(value, str):
        # The API's own form; people paste it.
        try:
            value = float(value)
        except ValueError:
            raise _FieldError(f": must be a number, got {value!r}") from None
    number = _number(value, parameter.minimum, parameter.maximum, integer=parameter.integer)
    # As people write it, not as 1e-05.
    return f"{number:.12f}".rstrip("0").rstrip(".")


def _judge_model(value: object) -> str:
    if not isinstance(value, str) or value not in JUDGE_MODELS:
        raise _FieldError(f": must be one of {', '.join(JUDGE_MODELS)}; got {value!r}")
    return value


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise _FieldError(f": must be true or false; got {value!r}")
    return value


def _language(value: object) -> Language:
    language = next((known for known in LANGUAGES if known == value), None)
    if language is None:
        raise _FieldError(f": must be one of {', '.join(LANGUAGES)}; got {value!r}")
    return language


def _system_prompt(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise _FieldError(": must be a text that is not empty; leave it out to use the training data's own")
    if len(value) > MAX_SYSTEM_PROMPT:
        raise _FieldError(f": has {len(value):,} characters; at most {MAX_SYSTEM_PROMPT:,} are allowed")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _FieldError(": holds half of a surrogate pair (\\ud800-\\udfff); write the character itself") from None
    return value


def _custom_model_arn(value: object) -> str:
    if not isinstance(value, str) or not _CUSTOM_MODEL_ARN.fullmatch(value):
        raise _FieldError(f": must be the ARN of a custom model (arn:aws:bedrock:…:custom-model/…/…); got {value!r}")
    return value


def _hosting(value: object, model: BaseModel) -> Hosting:
    if value == "auto":
        return model.default_hosting
    hosting = next((known for known in model.hosting if known == value), None)
    if hosting is None:
        raise _FieldError(f": must be one of auto, {', '.join(model.hosting)}, for {model.name}; got {value!r}")
    return hosting


def _answer_settings(value: object, others: AnswerSettings) -> AnswerSettings:
    ranges = {
        "maxTokens": (1, 4096, True),
        "temperature": (0, 1, False),
        "concurrency": (1, 10, True),
        "timeLimitMinutes": (1, 600, False),
    }
    return replace(others, **{snake(name): number for name, number in _numbers(value, ranges)})


def _prices(value: object) -> dict[str, float]:
    return dict(_numbers(value, dict.fromkeys(PRICE_UNITS, (0, MAX_USD, False))))


def _numbers(value: object, ranges: Mapping[str, tuple[float, float, bool]]) -> Iterator[tuple[str, Any]]:
    """The numbers of an object whose known fields have a range each: (minimum, maximum, integer)."""
    if not isinstance(value, dict):
        raise _FieldError(f": must be an object with any of {', '.join(ranges)}")
    problems, numbers = [], {}
    for name, number in value.items():
        if name not in ranges:
            problems.append(f".{name}: unknown field; known are {', '.join(ranges)}")
            continue
        minimum, maximum, integer = ranges[name]
        try:
            numbers[name] = _number(number, minimum, maximum, integer=integer)
        except _FieldError as error:
            problems.extend(f".{name}{line}" for line in error.args)
    if problems:
        raise _FieldError(*problems)
    return iter(numbers.items())


def _number(value: object, minimum: float, maximum: float, *, integer: bool = False) -> float:
    """An int where `integer`, otherwise a float. Raises _FieldError naming the range."""
    what = "a whole number" if integer else "a number"
    span = f"from {minimum:.12g} to {maximum:.12g}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _FieldError(f": must be {what} {span}; got {value!r}")
    if not minimum <= value <= maximum or (integer and value % 1 != 0):
        raise _FieldError(f": must be {what} {span}; got {value!r}")
    return int(value) if integer else float(value)
