"""The entry point of the CDK command: `cdk synth`, `cdk deploy -c baseModel=nova-lite`."""

import sys

from finetuning.errors import ExperimentError

from stacks.experiment_app import experiment_app


def main() -> None:
    try:
        experiment_app().synth()
    except ExperimentError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
