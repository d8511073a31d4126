"""Errors of AWS: their names, and whether the same request may succeed later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

# The reasons of a cancelled transaction with which it may succeed later.
TRANSACTION_CONFLICT_CODES = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}
# The names that AWS's services have for throttling: SQS answers with RequestThrottled and KmsThrottled.
_THROTTLING_CODES = {
    *("Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException"),
    *("ProvisionedThroughputExceededException", "RequestLimitExceeded", "LimitExceededException", "BandwidthLimitExceeded"),
    *("TooManyRequestsException", "SlowDown", "PriorRequestNotComplete", "EC2ThrottledException"),
    *("KmsThrottled", "KmsThrottlingException"),
}
_TRANSIENT_CODES = _THROTTLING_CODES | {
    *("InternalServerError", "TransactionInProgressException", "TransactionConflictException", "ConditionalRequestConflict"),
}
# The same errors as :func:`name_of` and executions of Step Functions name them: codes, botocore's classes, and Lambda's refusals
# to run a function.
_TRANSIENT_NAMES = _TRANSIENT_CODES | {
    *("TransactionCanceledException", "InternalError", "ServiceUnavailable", "PartlyProcessed"),
    *("ReadTimeoutError", "ConnectTimeoutError", "EndpointConnectionError", "ConnectionClosedError"),
    *("Lambda.TooManyRequestsException", "Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException"),
}


class PartlyProcessed(RuntimeError):
    """AWS has processed only a part of a batch, because it throttles. A later attempt may succeed."""


def name_of(error: BaseException) -> str:
    """Return AWS's code of an error, or the name of its class. The error's text may contain personal data."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__


def is_transient_name(name: str) -> bool:
    """Return whether an error with this name (see :func:`name_of`) is transient, such as throttling."""
    return name in _TRANSIENT_NAMES


def is_transient(error: Exception) -> bool:
    """Return whether an error of an AWS client is transient: the same request may succeed later."""
    if isinstance(error, PartlyProcessed):
        return True
    if not isinstance(error, ClientError):
        return isinstance(error, BotoCoreError) and not isinstance(error, ParamValidationError)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = error.response["Error"]["Code"]
    if code == "TransactionCanceledException":
        reasons = cast(Mapping[str, Any], error.response).get("CancellationReasons", [])
        return any(reason.get("Code") in TRANSACTION_CONFLICT_CODES for reason in reasons)
    return status >= 500 or code in _TRANSIENT_CODES or "AccessDenied" in code
