"""`bedrock-ft models`: the custom models that runs have made, what they cost, and how to be rid of them."""

import argparse
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import boto3
from finetuning import custom_models
from finetuning.base_models import BASE_MODELS
from finetuning.custom_models import OwnedModel
from finetuning.errors import CustomModelInUseError

from cli.errors import CommandError
from cli.output import progress_console, say, say_error, say_result

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from types_boto3_bedrock.client import BedrockClient


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "models",
        help="list or delete the custom models that runs have made",
        description="A custom model costs a little every month as long as it is kept. Only models that carry this "
        "app's name and tag are listed and deleted.",
    )
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="list them, with what they cost a month")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=run_list)
    deletion = actions.add_parser(
        "delete",
        help="delete some of them",
        description="Exit code 0: they are gone; 1: one is in use or not this app's, or nobody confirmed; 2: usage.",
    )
    deletion.add_argument("models", nargs="+", metavar="MODEL", help="the name or ARN of a custom model")
    deletion.add_argument("--yes", action="store_true", help="do not ask for confirmation")
    deletion.set_defaults(run=run_delete)
    for action in (listing, deletion):
        action.add_argument(
            "--base-model", choices=tuple(BASE_MODELS), help="only those made from this one (default: from any)"
        )


def run_list(options: argparse.Namespace) -> int:
    found = [model for model, _ in _owned(options.base_model)]
    if options.json:
        say_result(json.dumps([_document(model) for model in found], indent=2))
    else:
        say_result("\n".join([*map(_line, found), _total(found)]))
    return 0


def run_delete(options: argparse.Namespace) -> int:
    owned = list(_owned(options.base_model))
    chosen, gone = [], []
    for identifier in dict.fromkeys(options.models):
        found = [each for each in owned if identifier in (each[0].name, each[0].arn)]
        chosen += found
        gone += [] if found else [identifier]
    if gone:
        raise CommandError(
            f"no custom model of this app is called {', '.join(gone)}: it is deleted already, or not this app's; "
            "`bedrock-ft models list` shows those that are"
        )
    if not options.yes and not _confirmed([model for model, _ in chosen]):
        raise CommandError("nothing was deleted: answer y to delete, or add --yes")
    in_use = 0
    for model, bedrock in chosen:
        try:
            custom_models.delete(bedrock, model.arn)
            say_result(f"deleted {model.name}")
        except CustomModelInUseError as error:
            say_error(str(error))
            in_use = 1
    return in_use


def _owned(base_model: str | None) -> Iterator[tuple[OwnedModel, "BedrockClient"]]:
    """With the client of its region."""
    clients: dict[str, BedrockClient] = {}
    for key in [base_model] if base_model else BASE_MODELS:
        region = BASE_MODELS[key].region
        bedrock = clients.setdefault(region, boto3.client("bedrock", region_name=region))
        yield from ((model, bedrock) for model in custom_models.owned(bedrock, BASE_MODELS[key]))


def _confirmed(models: Sequence[OwnedModel]) -> bool:
    console = progress_console()
    for model in models:
        say(console, _line(model))
    say(console, "Delete for good? Runs that go on from theirs would have to train anew. [y/N] ")
    try:
        return input().strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _line(model: OwnedModel) -> str:
    created = f"{model.created_at:%Y-%m-%d %H:%M}"
    return f"{model.name}  run {model.run}  made {created} UTC  {_usd(model.usd_per_month)} a month  {model.arn}"


def _total(models: Sequence[OwnedModel]) -> str:
    known = sum(model.usd_per_month or 0 for model in models)
    at_least = "at least " if any(model.usd_per_month is None for model in models) else ""
    return f"{len(models)} custom models, {at_least}${known:,.2f} a month"


def _usd(amount: float | None) -> str:
    return "an unknown price" if amount is None else f"${amount:,.2f}"


def _document(model: OwnedModel) -> dict[str, Any]:
    return {
        "name": model.name,
        "arn": model.arn,
        "baseModel": model.base_model,
        "runId": model.run,
        "executionArn": model.execution_arn,
        "createdAt": model.created_at.isoformat(),
        "usdPerMonth": model.usd_per_month,
    }
