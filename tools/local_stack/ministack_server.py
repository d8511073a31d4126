"""MiniStack 1.5, mended where it differs from AWS in what we rely on; run by the Python of MiniStack's own environment.

Each function below names what is wrong, so that it can go when a newer MiniStack does it right. Only the local AWS is
touched: the template and the functions stay as AWS runs them.
"""

import asyncio
import copy
import hashlib
import os
import threading
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import apigateway_v1, dynamodb, lambda_svc

DRAIN_PATH = "/_local/drain"
POLL_SECONDS = 0.05


def keep_streams_over_a_restart() -> None:
    """Readers' positions in DynamoDB streams are saved, the records are not: a reader would skip as many as it had read."""
    tables_state, restore_tables, functions_state = dynamodb.get_state, dynamodb.load_persisted_state, lambda_svc.get_state

    def state_with_streams() -> dict[str, Any]:
        # The positions first: what is read meanwhile is read again after the restart, never skipped.
        positions = copy.deepcopy(lambda_svc._dynamodb_stream_positions)
        return {
            **tables_state(),
            "stream_positions": positions,
            "stream_records": copy.deepcopy(dynamodb._stream_records),
            "stream_trimmed": copy.deepcopy(dynamodb._stream_trimmed),
        }

    def restore_with_streams(data: dict[str, Any]) -> None:
        restore_tables(data)
        lambda_svc._dynamodb_stream_positions.update(data.get("stream_positions", {}))
        dynamodb._stream_records.update(data.get("stream_records", {}))
        dynamodb._stream_trimmed.update(data.get("stream_trimmed", {}))

    def functions_without_positions() -> dict[str, Any]:
        return {key: value for key, value in functions_state().items() if key != "dynamodb_stream_positions"}

    dynamodb.get_state, dynamodb.load_persisted_state = state_with_streams, restore_with_streams
    lambda_svc.get_state = functions_without_positions


def retry_partly_failed_stream_batches() -> None:
    """`ReportBatchItemFailures` is ignored for streams, which loses the failed records: here the batch is read again."""
    execute = lambda_svc._execute_function

    def execute_and_report(function: dict[str, Any], event: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        result: dict[str, Any] = execute(function, event, *args, **kwargs)
        records = isinstance(event, dict) and event.get("Records")
        body = result.get("body")
        failures = isinstance(body, dict) and body.get("batchItemFailures")
        if records and failures and records[0].get("eventSource") == "aws:dynamodb":
            return {**result, "error": True, "body": {"errorType": "BatchItemFailures", "errorMessage": str(body)}}
        return result

    lambda_svc._execute_function = execute_and_report


def log_failures_of_functions() -> None:
    """What a failing function says is only kept in CloudWatch; a developer looks into the log file."""
    execute = lambda_svc._execute_function

    def execute_and_log(function: dict[str, Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
        result: dict[str, Any] = execute(function, *args, **kwargs)
        if result.get("error"):
            name = (function.get("config") or function).get("FunctionName")
            app.logger.error("%s failed: %s\n%s", name, result.get("body"), result.get("log", ""))
        return result

    lambda_svc._execute_function = execute_and_log


def import_gateway_responses() -> None:
    """The gateway responses of an API's OpenAPI body, which is where SAM puts them, are not imported."""
    import_api = apigateway_v1._import_rest_api

    def import_with_responses(spec: dict[str, Any], base_data: dict[str, Any] | None = None) -> str:
        api_id: str = import_api(spec, base_data)
        for response_type, response in spec.get("x-amazon-apigateway-gateway-responses", {}).items():
            apigateway_v1._put_gateway_response(api_id, response_type, response)
        return api_id

    apigateway_v1._import_rest_api = import_with_responses


def drain_on_request() -> None:
    """The end of MiniStack kills running functions, on AWS nothing does: what they had taken would be missed for minutes.

    `POST /_local/drain` stops the pollers of queues and streams, and answers when nothing runs any more that no client waits for.
    """
    polling, draining = threading.Lock(), threading.Event()
    poll_queues, poll_streams, execute = lambda_svc._poll_sqs, lambda_svc._poll_dynamodb_streams, lambda_svc._execute_function
    background: set[object] = set()

    def unless_draining(poll: Any) -> Any:
        def poll_or_rest() -> bool:
            with polling:
                return not draining.is_set() and poll()

        return poll_or_rest

    def execute_and_count(function: dict[str, Any], event: Any, *args: Any, **kwargs: Any) -> Any:
        run = object()
        if not _is_request(event):
            background.add(run)
        try:
            return execute(function, event, *args, **kwargs)
        finally:
            background.discard(run)

    def drain() -> None:
        with polling:
            draining.set()
        while background or lambda_svc._esm_inflight:
            time.sleep(POLL_SECONDS)

    serve = app.app

    async def serve_and_drain(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope.get("path") != DRAIN_PATH:
            await serve(scope, receive, send)
            return
        await asyncio.to_thread(drain)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    lambda_svc._poll_sqs, lambda_svc._poll_dynamodb_streams = unless_draining(poll_queues), unless_draining(poll_streams)
    lambda_svc._execute_function, app.app = execute_and_count, serve_and_drain


def _is_request(event: Any) -> bool:
    """Whether a gateway invokes the function, or its authorizer, for a client that waits."""
    return isinstance(event, dict) and ("requestContext" in event or "methodArn" in event)


def end_with_the_saving() -> None:
    """After its state is saved, MiniStack runs on until its executions end; what they do then would be done again."""
    save = app.save_all

    def save_and_end(services: dict[str, Any]) -> None:
        save(services)
        os._exit(0)

    app.save_all = save_and_end


def count_loopback_as_secure() -> None:
    """There is no TLS on loopback, so policies that demand `aws:SecureTransport` would lock everybody out."""
    resolve = iam_evaluator._resolve_condition_key

    def resolve_as_secure(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolve_as_secure


def allow_batches_like_single_messages() -> None:
    """A batch at SQS takes the permission for a single message; `sqs:SendMessageBatch` does not exist on AWS."""
    extract = iam_actions.extract_iam_action

    def extract_as_single(service: str, *args: Any, **kwargs: Any) -> Any:
        action = extract(service, *args, **kwargs)
        return action.removesuffix("Batch") if service == "sqs" and isinstance(action, str) else action

    iam_actions.extract_iam_action = extract_as_single


def name_schedules_with_their_group() -> None:
    """Permissions for a schedule are asked for as if it were in the group `default`, whatever group the call names."""
    extract = iam_actions.extract_resource_arn

    def extract_with_group(service: str, method: str, path: str, headers: Any, body: bytes, query: Any, *args: Any) -> str:
        arn: str = extract(service, method, path, headers, body, query, *args)
        if service != "scheduler":
            return arn
        given = query.get("groupName") or iam_actions._safe_json_field(body, "GroupName") or "default"
        group = given[0] if isinstance(given, list) else given
        return arn.replace(":schedule/default/", f":schedule/{group}/")

    iam_actions.extract_resource_arn = extract_with_group


def answer_without_a_body() -> None:
    """A function's `"body": null`, which is an empty answer, breaks the connection off."""
    convert = lambda_svc.lambda_execute_result_to_api_proxy_response

    def convert_null(result: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
        response, error = convert(result)
        if response and response.get("body") is None:
            response = {**response, "body": ""}
        return response, error

    lambda_svc.lambda_execute_result_to_api_proxy_response = convert_null


def read_concurrency_as_a_number() -> None:
    """A parameter's value reaches `MaximumConcurrency` as a string, on which the poller of all queues stumbles."""
    concurrency = lambda_svc._sqs_esm_concurrency

    def concurrency_of_numbers(mapping: dict[str, Any], *args: Any, **kwargs: Any) -> int:
        scaling = {key: int(value) for key, value in (mapping.get("ScalingConfig") or {}).items()}
        limit: int = concurrency({**mapping, "ScalingConfig": scaling}, *args, **kwargs)
        return limit

    lambda_svc._sqs_esm_concurrency = concurrency_of_numbers


def unpack_layers_once() -> None:
    """Each worker unpacks all its layers, which takes longer than the rest of its start: here it gets links to shared ones."""
    unpacked, lock = Path(os.environ["TMPDIR"]) / "layers", threading.Lock()

    class Archive(zipfile.ZipFile):
        def extractall(self, path: Any = None, *args: Any, **kwargs: Any) -> None:
            target = Path(path)
            if not target.name.startswith("layer_"):
                super().extractall(path, *args, **kwargs)
                return
            shared = unpacked / hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()
            with lock:
                if not shared.exists():
                    draft = shared.with_suffix(".new")
                    super().extractall(draft, *args, **kwargs)
                    draft.rename(shared)
            target.rmdir()
            target.symlink_to(shared)

    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": Archive})


if __name__ == "__main__":
    keep_streams_over_a_restart()
    retry_partly_failed_stream_batches()
    log_failures_of_functions()
    import_gateway_responses()
    drain_on_request()
    end_with_the_saving()
    unpack_layers_once()
    count_loopback_as_secure()
    allow_batches_like_single_messages()
    name_schedules_with_their_group()
    answer_without_a_body()
    read_concurrency_as_a_number()
    app.main()
