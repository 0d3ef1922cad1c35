"""Variables in JSONPath states: moto looks them up by JSONata, for which it would need a Java runtime."""

from contextlib import AbstractContextManager

from moto.stepfunctions.parser.asl.component.common.string.string_expression import StringVariableSample
from moto.stepfunctions.parser.asl.eval.environment import Environment

from local.engine.replacement import replaced


def adapter() -> AbstractContextManager[None]:
    """Let `$name` be the variable's value; of paths into a variable nothing is known here."""

    def look_up(sample: StringVariableSample, environment: Environment) -> None:
        environment.stack.append(environment.variable_store.get(sample.expression.removeprefix("$")))

    return replaced(StringVariableSample, "_eval_body", look_up)
