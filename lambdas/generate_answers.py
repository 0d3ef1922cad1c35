"""GenerateAnswers: put one batch of evaluation questions to the base or the custom model."""

from collections.abc import Mapping
from typing import Any

from finetuning.answers import ask
from finetuning.hosting.life import answering_ends
from finetuning.record_formats import as_asked
from finetuning.run_store import answers_key, dataset_key
from finetuning.task import Task, task


@task
def handler(task: Task) -> Mapping[str, Any]:
    key, clock = answers_key(task.model, task.batch["index"]), task.services.clock
    # What an earlier attempt has answered is kept, so a retry asks (and pays) only for the rest.
    answers = (task.store.find_json(key) or {"answers": []})["answers"]
    first, count = task.batch["first"], task.batch["count"]
    questions = task.store.read_jsonl(dataset_key("evaluation"))[first + len(answers) : first + count]
    # The base model costs nothing while it is not asked.
    until = answering_ends(task.state["host"], task.state["service"], task.run) if task.model == "custom" else None
    model_id = task.base_model.inference_id if task.model == "base" else task.state["host"]["arn"]
    system, record_format = task.state["dataset"]["systemPrompt"], task.base_model.record_format
    for index, record in enumerate(questions, start=first + len(answers)):
        if until is not None and clock.now() >= until:
            break
        answer = ask(
            task.services.bedrock_runtime,
            model_id,
            index,
            *as_asked(system, record["question"], record_format),
            task.run.answers,
            clock.now(),
        )
        answers.append(answer.to_json())
        # After each answer: the function's time limit, or a crash, takes none that is paid for.
        task.store.write_json(key, {"model": task.model, "modelId": model_id, "answers": answers})
    return {"uri": task.store.uri(key), "answers": len(answers), "unanswered": count - len(answers)}
