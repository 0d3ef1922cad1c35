"""The embedded default: the synthesized templates on moto, in this process, on a virtual clock.

moto interprets the states language and CloudFormation; the adapters here are written for the version that
pyproject.toml pins:
    clock.py            virtual time
    agenda.py           executions that wait, and what is scheduled
    functions.py        Lambda functions run their handlers in this process
    state_machines.py   state machines run on virtual time, and tell what happens as it happens
    rules.py            EventBridge rules of the deployed templates
    keys.py             KMS keys in templates
    isolation.py        no real account within reach
    deployment.py       a CDK cloud assembly into moto's CloudFormation
    engine.py           all of it together
"""

from local.engine.isolation import isolated_environment

# moto makes a boto3 session while it is imported, which fails where AWS_PROFILE names no profile.
with isolated_environment(region="us-east-1"):
    import moto.stepfunctions.parser.models  # noqa: F401
