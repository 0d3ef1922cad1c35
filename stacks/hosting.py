"""The states of what serves the custom model, its host: made, waited for, deleted until it is gone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct
from finetuning.base_models import Hosting

from stacks.states import in_order, is_equal, is_number, is_string, is_true, wait

Step = Callable[[str, str, str], sfn.IChainable]
"""A task of the main path: the state's name, the function's, and where its answer goes."""


@dataclass(frozen=True)
class HostNames:
    """By AWS's words. resource: in the names of tasks; task: in those of functions; status: in which it answers."""

    resource: str
    task: str
    short: str
    status: str


HOST_NAMES: Mapping[Hosting, HostNames] = {
    "provisionedThroughput": HostNames("ProvisionedThroughput", "provisioned_throughput", "Throughput", "InService"),
    "onDemand": HostNames("CustomModelDeployment", "custom_model_deployment", "Deployment", "Active"),
}


@dataclass(frozen=True)
class HostStates:
    """The main path's, for one kind of host. broken_answer: follows where a function answered nonsense."""

    scope: Construct
    names: HostNames
    step: Step
    broken_answer: sfn.IChainable

    def served(self, *, then: sfn.IChainable) -> sfn.IChainable:
        """Create it, and wait until it is in service. What its creation told is kept apart from what polling tells."""
        resource, short = self.names.resource, self.names.short
        create = self.step(f"Create{resource}", f"create_{self.names.task}", "$.host")
        created = sfn.Choice(self.scope, f"{short}Created?")
        get = self.step(f"Get{resource}", f"get_{self.names.task}", "$.service")
        in_service = sfn.Choice(self.scope, f"{short}{self.names.status}?")
        wait_for_service = wait(self.scope, f"WaitFor{resource}", "$.service.waitSeconds")

        in_order(create, created)
        created.when(is_string("$.host.arn"), get).otherwise(self.broken_answer)
        in_order(get, in_service)
        in_service.when(is_true("$.service.inService"), then)
        in_service.when(is_number("$.service.waitSeconds"), wait_for_service).otherwise(self.broken_answer)
        in_order(wait_for_service, get)
        return create

    def deleted(self, *, then: sfn.IChainable) -> sfn.IChainable:
        delete = self.step(f"Delete{self.names.resource}", f"delete_{self.names.task}", "$.deletion")
        return until_gone(
            self.scope, self.names, delete, "$.deletion", then=then, otherwise=self.broken_answer, suffix=""
        )


def until_gone(
    scope: Construct,
    host: HostNames,
    delete: sfn.IChainable,
    part: str,
    *,
    then: sfn.IChainable,
    otherwise: sfn.IChainable,
    suffix: str,
) -> sfn.IChainable:
    """Delete again and again. part: where the answers of `delete` are; otherwise: what follows a broken one."""
    gone = sfn.Choice(scope, f"{host.short}Gone?{suffix}")
    wait_until_gone = wait(scope, f"WaitUntil{host.short}IsGone{suffix}", f"{part}.waitSeconds")
    in_order(delete, gone)
    gone.when(is_true(f"{part}.gone"), then)
    gone.when(is_number(f"{part}.waitSeconds"), wait_until_gone).otherwise(otherwise)
    in_order(wait_until_gone, delete)
    return delete


def by_hosting(scope: Construct, state: str, ways: Mapping[Hosting, sfn.IChainable]) -> sfn.IChainable:
    """The way of the run's hosting; no Choice where the base model has only one."""
    if len(ways) == 1:
        return next(iter(ways.values()))
    choice = sfn.Choice(scope, state)
    return choice.when(is_equal("$.run.hosting", "onDemand"), ways["onDemand"]).otherwise(ways["provisionedThroughput"])
