"""What a call to the local Bedrock can end in.

AwsError                an error of the published API: the client sees its code
├── NotEmulatedError    the published API has it, the local Bedrock does not
└── UnknownOperationError   no operation of the published API
DriftError              our own answer breaks the published API: a bug of the local Bedrock
"""


class AwsError(Exception):
    """Answered to the client with `code`; the HTTP status is the one that the service model gives that code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class NotEmulatedError(AwsError):
    """Answered with HTTP 501, so that nobody takes it for an answer of AWS."""

    def __init__(self, what: str) -> None:
        super().__init__("UnknownOperationException", f"{what} is not emulated by the local Bedrock")


class UnknownOperationError(AwsError):
    def __init__(self, what: str) -> None:
        super().__init__("UnknownOperationException", f"{what} is no operation of this service")


class DriftError(AssertionError):
    """Reaches the caller as it is, past everything that handles AWS's errors."""


def validation_error(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def not_found(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message)
