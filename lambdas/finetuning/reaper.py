"""The guard at work: looks at everything of ours, removes what must go, and tells what that cost.

Every look starts from nothing and may run beside another one: what is gone already is left alone.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from finetuning.base_models import UNKNOWN, BaseModel, Hosting
from finetuning.customization import JobStatus
from finetuning.guard import HOST_KINDS, Kind, Outcome, Reap, Resource, decide, past_deadline
from finetuning.hosting import HOSTS, Found, Host
from finetuning.hosting.record import removals_of_hosts
from finetuning.interrupted import Interrupted, Seen, run_id_of
from finetuning.inventory import UNSUCCESSFUL, Inventory, Problems
from finetuning.removals import Note, Removal, describe, find_note, key_of, write_down, write_note
from finetuning.run_store import REAPED, REPORT, RUN, RunStore
from finetuning.services import Clock

if TYPE_CHECKING:
    from types_boto3_bedrock.client import BedrockClient
    from types_boto3_s3.client import S3Client
    from types_boto3_sns.client import SNSClient
    from types_boto3_stepfunctions.client import SFNClient

logger = logging.getLogger("bedrock-ft")

# Of the four minutes that a look may take.
_NOTING = timedelta(minutes=1)
_STOPPED = (JobStatus.STOPPING, JobStatus.STOPPED)


@dataclass(frozen=True)
class Findings:
    """One look: what there is, what had to go, what came of it. problems: each a line; empty when all went well."""

    resources: Sequence[Resource]
    decided: Sequence[Reap]
    past_deadline: int
    removals: Sequence[Removal] = ()
    reports: Sequence[str] = ()
    problems: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        kinds = [resource.kind for resource in self.resources]
        return {
            **{f"{kind}s": kinds.count(kind) for kind in Kind},
            # The alarm's metric is made of this number in the log.
            "hostsPastDeadline": self.past_deadline,
            "removals": [removal.to_json() for removal in self.removals],
            "reports": list(self.reports),
            "problems": list(self.problems),
        }


@dataclass(frozen=True)
class Reaper:
    """One look at one deployment: its state machine, its results, the topic that hears of what was removed."""

    bedrock: "BedrockClient"
    stepfunctions: "SFNClient"
    s3: "S3Client"
    sns: "SNSClient"
    clock: Clock
    environment: str
    model: BaseModel
    state_machine_arn: str
    results_bucket: str
    topic_arn: str
    _problems: Problems = field(default_factory=Problems)

    def look(self) -> Findings:
        """What there is and what would be removed; changes nothing."""
        resources = self._inventory.resources()
        decided = decide(resources, self._inventory.executions(resources), self.clock.now())
        late = past_deadline(resources, self.clock.now())
        return Findings(resources, decided, late, problems=self._problems.found)

    def reap(self) -> Findings:
        """Look, remove, report. One thing that fails keeps nothing else from being removed."""
        listed_at, seen = self.clock.now(), self.look()
        noted: list[Note] = []
        # One for all: a bucket that hangs holds up what is removed once, and one that is slow for so long only.
        with self._problems.kept("note what is to be removed"):
            until = self.clock.now() + _NOTING
            for reap in seen.decided:
                if self.clock.now() > until:
                    raise TimeoutError(f"S3 took more than {_NOTING}; the rest is removed without a note")
                noted += self._note(reap, listed_at)
        # All of them before anything is told: what hangs then keeps nothing alive.
        removed = [self._remove(reap) for reap in seen.decided]
        self._settle(noted, removed)
        removals = []
        for removal in filter(None, removed):
            if removal.outcome is Outcome.ORDERED:
                with self._problems.kept(f"note that {removal.resource.arn} may be on its way out"):
                    self._note(removal.reap, listed_at)
            else:
                removals.append(self._tell(removal))
        recent = self._inventory.recent_executions(self.clock.now())
        removals += self._tell_of_earlier(recent, seen.resources)
        # Whether a run's host is gone must be known to report on it; the next look may know.
        unsuccessful = [arn for arn, status in recent.items() if status in UNSUCCESSFUL]
        reports = (
            []
            if self._problems.host_hidden
            else self._write_missing_reports(unsuccessful, seen.resources, removals, listed_at)
        )
        return Findings(seen.resources, seen.decided, seen.past_deadline, removals, reports, self._problems.found)

    @cached_property
    def _hosts(self) -> Mapping[Kind, Host]:
        return {HOST_KINDS[hosting]: HOSTS[hosting](self.bedrock) for hosting in self.model.hosting}

    @cached_property
    def _inventory(self) -> Inventory:
        return Inventory(
            self.bedrock, self.stepfunctions, self._hosts, self.model.key, self.state_machine_arn, self._problems
        )

    def _remove(self, reap: Reap) -> Removal | None:
        """What came of the order; ORDERED where its answer was lost, None where it was refused or had nothing to do."""
        resource, ordered_at = reap.resource, self.clock.now()
        outcome: Outcome | None = Outcome.ORDERED
        with self._problems.kept(f"remove {resource.arn}"):
            host = self._hosts.get(resource.kind)
            try:
                outcome = self._delete(host, resource.arn) if host else self._stop(resource.arn)
            except self._refusals:
                outcome = None
                raise
        return Removal(reap, outcome, ordered_at, self.clock.now()) if outcome else None

    @property
    def _refusals(self) -> tuple[type[Exception], ...]:
        """Bedrock's answers that say that an order had no effect."""
        errors = self.bedrock.exceptions
        return (
            errors.AccessDeniedException,
            errors.ConflictException,
            errors.ResourceNotFoundException,
            errors.ThrottlingException,
            errors.ValidationException,
        )

    def _note(self, reap: Reap, listed_at: datetime) -> list[Note]:
        """Before the order: whatever is lost from then on, the next look knows of it and tells.

        The notes that are this look's to take back where its order is refused: not what others wrote before, who may
        have an order under way. They are written anew all the same, so that those others do not take them back either.
        """
        store = self._store(reap.resource.owner)
        earlier = find_note(store, key_of(reap.resource))
        ordered = Removal(reap, Outcome.ORDERED, listed_at, self.clock.now())
        if earlier is None or earlier.removal.outcome is Outcome.NOT_YET:
            note = write_note(store, ordered, earlier)
            return [note] if note else []
        if earlier.removal.outcome is Outcome.ORDERED:
            write_note(store, ordered, earlier)
        elif earlier.removal.at < listed_at:
            # Asked to go, or even said to be gone, and still there.
            again = replace(earlier.removal, outcome=Outcome.ASKED, ordered_at=listed_at)
            write_note(store, again, earlier, told=earlier.told)
        return []

    def _settle(self, noted: Sequence[Note], removed: Sequence[Removal | None]) -> None:
        """Where Bedrock did not take an order, what becomes of the resource is not the guard's doing."""
        taken = [removal.reap for removal in removed if removal and removal.outcome is not Outcome.NOT_YET]
        for note in noted:
            removal = note.removal
            if removal.reap not in taken:
                with self._problems.kept(f"note that {removal.resource.arn} took no order"):
                    refused = replace(removal, outcome=Outcome.NOT_YET)
                    write_note(self._store(removal.resource.owner), refused, note)

    def _delete(self, host: Host, arn: str) -> Outcome | None:
        """Conflict and Validation errors mean "not yet": whether one is deleted while Creating is not documented."""
        errors = self.bedrock.exceptions
        try:
            self._order(arn, lambda: host.delete(arn), lambda: host.find(arn) is None)
        except errors.ResourceNotFoundException:
            return None
        except (errors.ConflictException, errors.ValidationException):
            return Outcome.NOT_YET
        with self._problems.kept(f"see whether {arn} is gone"):
            if host.find(arn) is None:
                return Outcome.GONE
        return Outcome.ASKED

    def _stop(self, arn: str) -> Outcome | None:
        errors = self.bedrock.exceptions
        try:
            self._order(
                arn,
                lambda: self.bedrock.stop_model_customization_job(jobIdentifier=arn),
                lambda: self._job_status(arn) in _STOPPED,
            )
        except (errors.ConflictException, errors.ResourceNotFoundException):
            # It has ended since it was listed.
            return None
        return Outcome.ASKED

    def _order(self, arn: str, order: Callable[[], object], is_done: Callable[[], bool]) -> None:
        """An order whose answer was lost may have arrived: then it counts. Raises what Bedrock refused it with."""
        try:
            order()
        except self._refusals:
            raise
        except Exception:
            # Where nobody can say it counts too: the next look may find nothing left to tell of.
            done = True
            with self._problems.kept(f"see whether {arn} took its order"):
                done = is_done()
            if not done:
                raise

    def _job_status(self, arn: str) -> str:
        return self.bedrock.get_model_customization_job(jobIdentifier=arn)["status"]

    def _tell(self, removal: Removal) -> Removal:
        """The removal with what it cost. The topic and the run's folder hear of each once Bedrock took the order.

        They hear again, with the whole cost, once what was still on its way out then is gone.
        """
        resource = removal.resource
        store = self._store(resource.owner)
        if resource.kind is Kind.THROUGHPUT:
            removal = replace(removal, usd=self._burned_usd(removal, store))
        logger.info("reaped", extra={"removal": removal.to_json()})
        note: Note | None = None
        untold = removal.outcome is not Outcome.NOT_YET
        with self._problems.kept(f"note what became of {resource.arn}"):
            note = write_down(store, removal)
            untold = note is not None
        if untold:
            with self._problems.kept(f"tell of {resource.arn}"):
                self._tell_people(removal, note, store)
        return removal

    def _tell_people(self, removal: Removal, note: Note | None, store: RunStore) -> None:
        """note: None where it could not be written; better told twice then than never."""
        run_id = run_id_of(removal.resource.owner)
        self._publish(f"bedrock-ft {run_id}: the guard removed a {removal.resource.kind}", describe(removal))
        if note is not None:
            write_note(store, removal, note, told=True)

    def _burned_usd(self, removal: Removal, store: RunStore) -> float | None:
        """The price that the run's input gave outranks the catalogue's, as in its report."""
        price = self.model.prices.get("throughputPerHour", UNKNOWN).usd
        with self._problems.kept(f"read the price of {removal.resource.arn}"):
            left = store.find_json(RUN)
            price = left["run"]["prices"].get("throughputPerHour", price) if left else price
        return None if price is None else round(removal.seconds / 3600 * price, 2)

    def _tell_of_earlier(self, executions: Iterable[str], resources: Sequence[Resource]) -> list[Removal]:
        """What earlier looks could not tell: what they died before, what the topic did not take, what is gone now."""
        listed = {each.arn for each in resources}
        told: list[Removal] = []
        for execution_arn in executions:
            store = self._store(execution_arn)
            with self._problems.kept(f"read what was removed of {execution_arn}"):
                for key in store.keys(REAPED):
                    with self._problems.kept(f"tell of {key} of {execution_arn}"):
                        note = find_note(store, key)
                        if note is not None and note.is_untold:
                            self._tell_people(note.removal, note, store)
                            told.append(note.removal)
                        elif note is not None and note.removal.is_open and note.removal.resource.arn not in listed:
                            told += self._tell_if_gone(note.removal)
        return told

    def _tell_if_gone(self, removal: Removal) -> list[Removal]:
        """A list may lack what is there: it was just created, or its tags were lost.

        An order without an answer counts once it is done, whoever did it: that nobody can know.
        """
        kind, arn = removal.resource.kind, removal.resource.arn
        if kind is Kind.JOB:
            outcome, ordered = Outcome.ASKED, self._job_status(arn) in _STOPPED
        else:
            outcome, ordered = Outcome.GONE, self._hosts[kind].find(arn) is None
        return [self._tell(replace(removal, outcome=outcome, at=self.clock.now()))] if ordered else []

    def _store(self, execution_arn: str) -> RunStore:
        return RunStore(self.s3, self.results_bucket, run_id_of(execution_arn))

    def _write_missing_reports(
        self,
        executions: Sequence[str],
        resources: Sequence[Resource],
        removals: Sequence[Removal],
        listed_at: datetime,
    ) -> list[str]:
        """Run ids of the reports written. executions: those that did not succeed. listed_at: the resources."""
        hosts = {each.owner: each for each in resources if each.kind in self._hosts}
        gone = {removal.resource.arn for removal in removals if removal.outcome is Outcome.GONE}
        interrupted = Interrupted(
            self._find_host,
            self.stepfunctions,
            self.s3,
            self.results_bucket,
            self.model,
            self.environment,
            self._problems,
        )
        written = []
        now = self.clock.now()
        for execution_arn in executions:
            seen = hosts.get(execution_arn)
            with self._problems.kept(f"write the report of {execution_arn}"):
                if seen is None:
                    host = self._removed_earlier(execution_arn)
                else:
                    gone_at = now.isoformat() if seen.arn in gone else None
                    host = Seen(seen.created_at.isoformat(), listed_at.isoformat(), gone_at)
                result = interrupted.write_missing_report(execution_arn, host, now)
                if result is not None:
                    written.append(result["runId"])
                    self._tell_of_report(execution_arn, result)
        return written

    def _find_host(self, hosting: Hosting, run_id: str) -> Found | None:
        host = self._hosts[HOST_KINDS[hosting]]
        return host.find(host.name(self.model.key, run_id))

    def _removed_earlier(self, execution_arn: str) -> Seen | None:
        """What an earlier look wrote down of a host that is not listed now."""
        removals = removals_of_hosts(self._store(execution_arn))
        if not removals:
            return None
        removal = removals[-1]
        gone_at = removal["at"] if removal["outcome"] == Outcome.GONE else None
        return Seen(removal["createdAt"], removal["orderedAt"], gone_at)

    def _tell_of_report(self, execution_arn: str, result: Mapping[str, Any]) -> None:
        report = self._store(execution_arn).uri(REPORT)
        lines = [result["headline"], "", f"Report: {report}", f"Execution: {execution_arn}"]
        self._publish(f"bedrock-ft {result['runId']}: {result['verdict']}", "\n".join(lines))

    def _publish(self, subject: str, message: str) -> None:
        # SNS allows 100 characters, ASCII without control characters, in a subject.
        self.sns.publish(TopicArn=self.topic_arn, Subject=subject[:100], Message=message)
