"""The catalogue: every entry is whole, consistent, and within what Bedrock accepts."""

import re
from datetime import UTC, date, datetime

import botocore.session
import pytest
from finetuning import names
from finetuning.base_models import (
    BASE_MODELS,
    DEFAULT_BASE_MODEL,
    DEFAULT_JUDGE_MODEL,
    EMBEDDING_MODEL,
    INFERENCE_PROFILES,
    JUDGE_MODELS,
    PRICE_UNITS,
    BaseModel,
    InferenceProfile,
    JudgeModel,
    Lifecycle,
    base_model,
    living,
)
from finetuning.dataset.lines import MAX_LINE_BYTES
from finetuning.errors import UnknownBaseModelError
from finetuning.tags import owner_tags
from finetuning.texts import LANGUAGES, Language, texts

BEDROCK = botocore.session.get_session().get_service_model("bedrock")
every_base_model = pytest.mark.parametrize("model", BASE_MODELS.values(), ids=BASE_MODELS)
every_judge_model = pytest.mark.parametrize("judge", JUDGE_MODELS.values(), ids=JUDGE_MODELS)


def is_accepted(shape: str, value: str) -> bool:
    limits = BEDROCK.shape_for(shape).metadata
    return len(value) <= limits.get("max", len(value)) and re.fullmatch(limits["pattern"], value) is not None


def test_the_defaults_are_in_the_catalogue() -> None:
    assert DEFAULT_BASE_MODEL in BASE_MODELS
    assert DEFAULT_JUDGE_MODEL in JUDGE_MODELS


def test_an_unknown_base_model_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownBaseModelError, match=r"'gpt' is not in the catalogue.*claude-3-haiku, nova-micro"):
        base_model("gpt")


@every_base_model
def test_an_entry_is_found_by_its_key(model: BaseModel) -> None:
    assert base_model(model.key) is model
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", model.key)


@every_base_model
def test_every_default_is_within_its_range(model: BaseModel) -> None:
    for parameter in model.hyper_parameters:
        for default in (parameter.default, model.default_hyper_parameters.get(parameter.name, parameter.default)):
            assert parameter.minimum <= default <= parameter.maximum
            assert not parameter.integer or default == int(default)


@every_base_model
def test_every_model_has_epochs_and_no_default_for_what_it_has_not(model: BaseModel) -> None:
    known = [parameter.name for parameter in model.hyper_parameters]

    assert "epochCount" in known
    assert len(known) == len(set(known))
    assert model.default_hyper_parameters.keys() <= set(known)


@every_base_model
def test_numbers_of_records_leave_room_for_a_dataset(model: BaseModel) -> None:
    limits = model.limits

    assert 0 < limits.training_min <= limits.training_max <= limits.total_max
    assert 0 < limits.validation_min <= limits.validation_max
    assert limits.training_min + limits.validation_min <= limits.total_max
    # A record of the allowed tokens fits a line, even where each is a Japanese character written as an escape.
    assert limits.tokens_per_record * len("\\u3042") < MAX_LINE_BYTES


@every_base_model
def test_ids_are_ones_that_bedrock_accepts(model: BaseModel) -> None:
    assert is_accepted("BaseModelIdentifier", model.customization_id)
    assert is_accepted("ModelIdentifier", model.customization_id)
    assert model.customization_id.startswith(f"{model.foundation_model}:")
    profile = INFERENCE_PROFILES.get(model.inference_id)
    assert (profile.foundation_model if profile else model.inference_id) == model.foundation_model
    assert profile is None or model.region in profile.regions
    assert model.region in botocore.session.get_session().get_available_regions("bedrock")


@every_base_model
def test_the_longest_run_id_fits_every_name(model: BaseModel) -> None:
    run_id = "f" * names.MAX_RUN_ID_LENGTH

    assert is_accepted("JobName", names.job_name(model.key, run_id))
    assert is_accepted("CustomModelName", names.custom_model_name(model.key, run_id))
    assert is_accepted("ProvisionedModelName", names.throughput_name(model.key, run_id))
    assert re.fullmatch(r"[\w+=,.@-]{1,64}", names.service_role_name(model.key))


@every_base_model
def test_prices_are_known_or_named_as_unknown(model: BaseModel) -> None:
    not_its_own = ["judge", "embedding"]
    not_its_own += ["custom"] if "onDemand" not in model.hosting else []
    not_its_own += ["throughput"] if "provisionedThroughput" not in model.hosting else []
    assert model.prices.keys() == {name for name in PRICE_UNITS if not name.startswith(tuple(not_its_own))}
    assert all(price.source for price in model.prices.values())
    assert all(price.usd is None or price.usd > 0 for price in model.prices.values())


@every_base_model
def test_life_cycle_dates_are_in_order(model: BaseModel) -> None:
    lifecycle = model.lifecycle
    dates = [day for day in (lifecycle.legacy, lifecycle.extended_access, lifecycle.end_of_life) if day]

    assert dates == sorted(dates)


@every_base_model
def test_reserved_strings_are_no_part_of_ordinary_words(model: BaseModel) -> None:
    assert model.reserved or "reservedStrings" in model.undocumented
    assert all(reserved.strip() and not reserved.isalnum() for reserved in model.reserved)


def test_a_life_cycle_turns_on_its_dates() -> None:
    lifecycle = Lifecycle(legacy=date(2026, 3, 10), end_of_life=date(2026, 9, 10))

    assert [lifecycle.is_legacy(date(2026, 3, day)) for day in (9, 10)] == [False, True]
    assert [lifecycle.is_past_end_of_life(date(2026, 9, day)) for day in (9, 10)] == [False, True]
    assert not Lifecycle().is_legacy(date.max)
    assert not Lifecycle().is_past_end_of_life(date.max)


def test_only_models_that_take_new_jobs_are_alternatives() -> None:
    assert [model.key for model in living(date(2026, 3, 9))] == list(BASE_MODELS)
    later = [model.key for model in living(date(2026, 11, 22))]
    assert later == [key for key in BASE_MODELS if key != "claude-3-haiku"]


@every_base_model
def test_a_model_can_be_hosted_somehow(model: BaseModel) -> None:
    assert model.hosting
    assert len(set(model.hosting)) == len(model.hosting)


def test_hosting_is_on_demand_wherever_there_is_that() -> None:
    assert {model.key for model in BASE_MODELS.values() if model.default_hosting == "onDemand"} == {
        *("nova-micro", "nova-lite", "nova-pro", "nova-2-lite", "llama3-3-70b")
    }


@every_base_model
@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_documented_has_its_words(model: BaseModel, language: Language) -> None:
    say = texts(language)

    assert all(say(f"warnings.undocumented.{point}") for point in model.undocumented)
    assert len(set(model.undocumented)) == len(model.undocumented)


@every_judge_model
def test_a_judge_model_has_its_id_and_prices(judge: JudgeModel) -> None:
    assert judge.id in INFERENCE_PROFILES
    assert judge.prices.keys() == {name for name in PRICE_UNITS if name.startswith("judge")}
    assert all(price.source for price in judge.prices.values())


@every_base_model
def test_every_base_models_region_can_call_every_judge(model: BaseModel) -> None:
    assert all(model.region in INFERENCE_PROFILES[judge].regions for judge in JUDGE_MODELS)


@pytest.mark.parametrize("profile", INFERENCE_PROFILES.values(), ids=INFERENCE_PROFILES)
def test_an_inference_profile_is_named_after_its_model(profile: InferenceProfile) -> None:
    assert INFERENCE_PROFILES[profile.id] is profile
    assert profile.id.endswith(f".{profile.foundation_model}")
    assert is_accepted("ModelIdentifier", profile.foundation_model)
    assert profile.regions


def test_the_embedding_model_has_its_id_prices_and_regions() -> None:
    assert is_accepted("ModelIdentifier", EMBEDDING_MODEL.id)
    assert EMBEDDING_MODEL.prices.keys() == {name for name in PRICE_UNITS if name.startswith("embedding")}
    assert {model.region for model in BASE_MODELS.values()} <= set(EMBEDDING_MODEL.regions)


@pytest.mark.parametrize("deadline", [True, False])
def test_tags_are_ones_that_bedrock_accepts(deadline: bool) -> None:
    execution = "arn:aws:states:us-west-2:123456789012:execution:claude-3-haiku-ft-experiment:first-run"
    for tag in owner_tags(execution, datetime(2026, 2, 1, tzinfo=UTC) if deadline else None):
        assert is_accepted("TagKey", tag["key"])
        assert is_accepted("TagValue", tag["value"])
