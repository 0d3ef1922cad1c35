"""ARNs of what the workflow touches in Bedrock, for one base model in one region."""

from aws_cdk import Stack
from finetuning.base_models import JUDGE_MODELS, BaseModel, JudgeModel


class BedrockArns:
    def __init__(self, stack: Stack, base_model: BaseModel) -> None:
        self._stack = stack
        self.base_model = self._foundation_model(base_model.inference_id)
        self.customizable_model = self._foundation_model(base_model.customization_id)
        self.jobs = self._own("model-customization-job/*")
        self.custom_models = self._own("custom-model/*")
        self.throughputs = self._own("provisioned-model/*")
        self.judge_models = [arn for judge in JUDGE_MODELS.values() for arn in self._judge(judge)]

    def _judge(self, judge: JudgeModel) -> list[str]:
        """An inference profile forwards to its model in any of its regions, and the caller needs the right to each."""
        if not judge.inference_profile:
            return [self._foundation_model(judge.id)]
        models = [self._foundation_model(judge.foundation_model, region) for region in judge.regions]
        return [self._own(f"inference-profile/{judge.id}"), *models]

    def _own(self, resource: str) -> str:
        return f"arn:{self._stack.partition}:bedrock:{self._stack.region}:{self._stack.account}:{resource}"

    def _foundation_model(self, model_id: str, region: str | None = None) -> str:
        return f"arn:{self._stack.partition}:bedrock:{region or self._stack.region}::foundation-model/{model_id}"
