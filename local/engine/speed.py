"""What moto and botocore do anew each time and need not: it takes more time than running most executions."""

import copy
import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any

import boto3
import moto.core.responses as moto_responses
import moto.stepfunctions.parser.asl.component.common.path.result_path as moto_result_path
import moto.stepfunctions.parser.asl.component.common.string.string_expression as moto_string_expression
import moto.stepfunctions.parser.asl.component.state.exec.execute_state as moto_execute_state
import moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils as moto_lambda
import moto.stepfunctions.parser.asl.eval.states as moto_states
import moto.stepfunctions.parser.asl.utils.json_path as moto_json_path
from botocore.auth import SigV4Auth
from botocore.useragent import UserAgentString
from jsonpath_ng.ext.parser import parse as parse_path
from moto.core.utils import method_names_from_class
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

from local.engine.replacement import replaced

# A definition is parsed for every execution, and each JSONPath whenever it is evaluated.
_parse_definition_once = functools.lru_cache(maxsize=16)(AmazonStateLanguageParser.parse)
_parse_path_once = functools.lru_cache(maxsize=1024)(parse_path)
# The operations of a service are found anew for every request.
_method_names_once = functools.lru_cache(maxsize=64)(method_names_from_class)


@contextmanager
def adapter() -> Iterator[None]:
    json_copy = SimpleNamespace(deepcopy=_copy)
    with ExitStack() as stack:
        stack.enter_context(replaced(AmazonStateLanguageParser, "parse", staticmethod(_parse_definition_once)))
        stack.enter_context(replaced(moto_json_path, "parse", _parse_path_once))
        stack.enter_context(replaced(moto_responses, "method_names_from_class", _method_names_once))
        stack.enter_context(replaced(moto_lambda, "boto_client_for", _client_maker()))
        # Nobody reads who sent a request, or whether it is signed.
        stack.enter_context(replaced(UserAgentString, "to_string", lambda _agent: "local"))
        stack.enter_context(replaced(SigV4Auth, "canonical_request", lambda _auth, _request: ""))
        for module in (moto_result_path, moto_states, moto_string_expression, moto_execute_state):
            stack.enter_context(replaced(module, "copy", json_copy))
        yield


def _copy(value: Any) -> Any:  # noqa: ANN401 - JSON, for the most part
    """A deep copy; of JSON, which has no cycles and whose scalars never change, at a fraction of the time."""
    match value:
        case dict():
            return {key: _copy(each) for key, each in value.items()}
        case list():
            return [_copy(each) for each in value]
        case str() | int() | float() | None:
            return value
        case _:
            return copy.deepcopy(value)


def _client_maker() -> Callable[..., object]:
    """One client for all invocations; making clients is not thread-safe."""
    lock = threading.Lock()
    make = functools.cache(lambda service, region: boto3.client(service, region_name=region))

    def client_for(region: str, service: str, **_credentials: object) -> object:
        with lock:
            client: object = make(service, region)
            return client

    return client_for
