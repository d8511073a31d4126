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
    *("OverLimit", "ExecutionLimitExceeded"),
}
_TRANSIENT_CODES = _THROTTLING_CODES | {
    *("InternalServerError", "TransactionInProgressException", "TransactionConflictException", "ConditionalRequestConflict"),
}
# A table, queue or bucket that was deleted or is being restored, a key that is disabled. SQS has two names for a missing queue.
_MISSING_CODES = {
    *("ResourceNotFoundException", "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "NoSuchBucket"),
    *("StateMachineDoesNotExist", "InvalidKeyId"),
}
# The same errors as :func:`name_of` and executions of Step Functions name them: codes, botocore's classes, and Lambda's refusals
# to run a function.
_TRANSIENT_NAMES = _TRANSIENT_CODES | {
    *("TransactionCanceledException", "InternalError", "ServiceUnavailable", "PartlyProcessed"),
    *("ReadTimeoutError", "ConnectTimeoutError", "EndpointConnectionError", "ConnectionClosedError"),
    *("Lambda.TooManyRequestsException", "Lambda.ServiceException", "Lambda.AWSLambdaException", "Lambda.SdkClientException"),
}


class Outage(RuntimeError):
    """AWS has failed without an error of its clients. A later attempt may succeed."""


class PartlyProcessed(Outage):
    """AWS has processed only a part of a batch, because it throttles."""


def name_of(error: BaseException) -> str:
    """Return AWS's code of an error, or the name of its class. The error's text may contain personal data."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__


def is_transient_name(name: str) -> bool:
    """Return whether an error with this name (see :func:`name_of`) is transient, such as throttling."""
    return name in _TRANSIENT_NAMES or concerns_a_resource(name)


def concerns_a_resource(code: str) -> bool:
    """Return whether a code says that a resource of the stack, or its key, cannot be used, whatever the request.

    SQS (``KmsDisabled``), S3 (``KMS.DisabledException``) and others begin the codes of the key with the service's name.
    """
    return code in _MISSING_CODES or code.upper().startswith("KMS")


def is_transient(error: Exception) -> bool:
    """Return whether an error of an AWS client is transient: the same request may succeed later.

    A missing permission counts, because DynamoDB reports a disabled key so.
    """
    if isinstance(error, Outage):
        return True
    if not isinstance(error, ClientError):
        return isinstance(error, BotoCoreError) and not isinstance(error, ParamValidationError)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = error.response["Error"]["Code"]
    if code == "TransactionCanceledException":
        reasons = cast(Mapping[str, Any], error.response).get("CancellationReasons", [])
        return any(reason.get("Code") in TRANSACTION_CONFLICT_CODES for reason in reasons)
    return status >= 500 or code in _TRANSIENT_CODES or concerns_a_resource(code) or "AccessDenied" in code
