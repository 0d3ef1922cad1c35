"""The embedded default: the synthesized templates on moto, in this process, on a virtual clock.

moto interprets the states language and CloudFormation; the adapters here are written for the version that
pyproject.toml pins:
    clock.py            virtual time
    functions.py        Lambda functions run their handlers in this process
    state_machines.py   state machines run on virtual time, and tell what happens as it happens
    deployment.py       a CDK cloud assembly into moto's CloudFormation
    engine.py           all of it together
"""
