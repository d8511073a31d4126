"""Runs MiniStack 1.5 with patches where it differs from AWS. Needs the Python of MiniStack's own environment.

Each patch function says what MiniStack does wrong, so that the patch can be removed when a newer MiniStack behaves like AWS.
The patches change only the local AWS, neither the template nor the functions.
"""

import asyncio
import copy
import hashlib
import json
import os
import re
import runpy
import subprocess
import threading
import time
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ministack import app
from ministack.core import iam_actions, iam_evaluator, lambda_runtime
from ministack.services import apigateway_v1, dynamodb, lambda_svc
from ministack.services.cloudformation import language_extensions, provisioners

DRAIN_PATH = "/_local/drain"
POLL_SECONDS = 0.05


def save_stream_records() -> None:
    """MiniStack saves the read positions of DynamoDB streams but not the records, so a restart skips records. Save both."""
    tables_state, restore_tables, functions_state = dynamodb.get_state, dynamodb.load_persisted_state, lambda_svc.get_state

    def state_with_streams() -> dict[str, Any]:
        # Positions first: records that are read during the save are read again after the restart, never skipped.
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


def retry_partially_failed_stream_batches() -> None:
    """MiniStack ignores `ReportBatchItemFailures` of streams and loses the failed records. Retry the batch instead."""
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


def log_function_errors() -> None:
    """MiniStack writes function errors only to CloudWatch. Write them also to the log file."""
    execute = lambda_svc._execute_function

    def execute_and_log(function: dict[str, Any], *args: Any, **kwargs: Any) -> dict[str, Any]:
        result: dict[str, Any] = execute(function, *args, **kwargs)
        if result.get("error"):
            name = (function.get("config") or function).get("FunctionName")
            app.logger.error("%s failed: %s\n%s", name, result.get("body"), result.get("log", ""))
        return result

    lambda_svc._execute_function = execute_and_log


def import_gateway_responses() -> None:
    """MiniStack ignores the gateway responses in an API's OpenAPI body, where SAM puts them. Import them."""
    import_api = apigateway_v1._import_rest_api

    def import_with_responses(spec: dict[str, Any], base_data: dict[str, Any] | None = None) -> str:
        api_id: str = import_api(spec, base_data)
        for response_type, response in spec.get("x-amazon-apigateway-gateway-responses", {}).items():
            apigateway_v1._put_gateway_response(api_id, response_type, response)
        return api_id

    apigateway_v1._import_rest_api = import_with_responses


def import_any_methods() -> None:
    """MiniStack ignores operations for any method in an API's OpenAPI body. Import them."""
    import_path = apigateway_v1._import_path_item
    apigateway_v1._OPENAPI_HTTP_METHODS.add("any")

    def import_with_any(api_id: str, path: str, path_item: dict[str, Any], *args: Any) -> None:
        renamed = {"any" if name == "x-amazon-apigateway-any-method" else name: entry for name, entry in path_item.items()}
        import_path(api_id, path, renamed, *args)

    apigateway_v1._import_path_item = import_with_any


def add_drain_endpoint() -> None:
    """MiniStack kills running functions when it stops, which blocks their queue messages for minutes. Add `POST /_local/drain`.

    The endpoint stops the pollers of queues and streams and responds when all background functions have ended.
    """
    drain, serve = _Drain(), app.app

    async def serve_and_drain(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope.get("path") != DRAIN_PATH:
            await serve(scope, receive, send)
            return
        await asyncio.to_thread(drain.run)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    lambda_svc._poll_sqs = drain.unless_draining(lambda_svc._poll_sqs)
    lambda_svc._poll_dynamodb_streams = drain.unless_draining(lambda_svc._poll_dynamodb_streams)
    lambda_svc._execute_function = drain.tracked(lambda_svc._execute_function)
    app.app = serve_and_drain


class _Drain:
    """Stops the pollers of queues and streams, and waits for the functions that they have started."""

    def __init__(self) -> None:
        self._poll_lock, self._draining = threading.Lock(), threading.Event()
        self._background_runs: set[object] = set()

    def unless_draining(self, poll: Callable[[], bool]) -> Callable[[], bool]:
        def poll_unless_draining() -> bool:
            with self._poll_lock:
                return not self._draining.is_set() and poll()

        return poll_unless_draining

    def tracked(self, execute: Callable[..., Any]) -> Callable[..., Any]:
        def execute_and_track(function: dict[str, Any], event: Any, *args: Any, **kwargs: Any) -> Any:
            run = object()
            if not _is_request(event):
                self._background_runs.add(run)
            try:
                return execute(function, event, *args, **kwargs)
            finally:
                self._background_runs.discard(run)

        return execute_and_track

    def run(self) -> None:
        with self._poll_lock:
            self._draining.set()
        while self._background_runs or lambda_svc._esm_inflight:
            time.sleep(POLL_SECONDS)


def _is_request(event: Any) -> bool:
    """Return whether a gateway invokes the function or its authorizer for a waiting client."""
    return isinstance(event, dict) and ("requestContext" in event or "methodArn" in event)


def exit_after_save() -> None:
    """MiniStack keeps executions running after it has saved its state, so a restart repeats their work. Exit after the save."""
    save = app.save_all

    def save_and_exit(services: dict[str, Any]) -> None:
        save(services)
        os._exit(0)

    app.save_all = save_and_exit


def treat_loopback_as_tls() -> None:
    """MiniStack has no TLS on loopback and denies all access where `aws:SecureTransport` is required. Evaluate it as true."""
    resolve = iam_evaluator._resolve_condition_key

    def resolve_as_tls(key: str, context: Any) -> Any:
        return "true" if key.lower() == "aws:securetransport" else resolve(key, context)

    iam_evaluator._resolve_condition_key = resolve_as_tls


def authorize_sqs_batches_as_single_actions() -> None:
    """MiniStack requires `sqs:SendMessageBatch`, which AWS does not have. Require the action for single messages instead."""
    extract = iam_actions.extract_iam_action

    def extract_single_action(service: str, *args: Any, **kwargs: Any) -> Any:
        action = extract(service, *args, **kwargs)
        return action.removesuffix("Batch") if service == "sqs" and isinstance(action, str) else action

    iam_actions.extract_iam_action = extract_single_action


def authorize_schedules_in_their_group() -> None:
    """MiniStack checks permissions of every schedule as if it were in the group `default`. Use the group of the request."""
    extract = iam_actions.extract_resource_arn

    def extract_with_group(service: str, method: str, path: str, headers: Any, body: bytes, query: Any, *args: Any) -> str:
        arn: str = extract(service, method, path, headers, body, query, *args)
        if service != "scheduler":
            return arn
        value = query.get("groupName") or iam_actions._safe_json_field(body, "GroupName") or "default"
        group = value[0] if isinstance(value, list) else value
        return arn.replace(":schedule/default/", f":schedule/{group}/")

    iam_actions.extract_resource_arn = extract_with_group


def authorize_parameters_by_name() -> None:
    """MiniStack checks `ssm:GetParameters` for all parameters at once. Check it for the first one, whose path all share."""
    extract = iam_actions.extract_resource_arn

    def extract_first(service: str, method: str, path: str, headers: Any, body: bytes, query: Any, *args: Any) -> str:
        names = iam_actions._safe_json_field(body, "Names") if service == "ssm" else None
        if isinstance(names, list) and names:
            body = json.dumps({"Name": names[0]}).encode()
        arn: str = extract(service, method, path, headers, body, query, *args)
        return arn

    iam_actions.extract_resource_arn = extract_first


def authorize_batches_of_inserts() -> None:
    """MiniStack requires `dynamodb:BatchExecuteStatement`, which AWS does not have. Require `PartiQLInsert` on the table."""
    extract_action, tables_of = iam_actions.extract_iam_action, iam_actions.dynamodb_resource_arns

    def extract_insert(service: str, *args: Any, **kwargs: Any) -> Any:
        action = extract_action(service, *args, **kwargs)
        return "dynamodb:PartiQLInsert" if action == "dynamodb:BatchExecuteStatement" else action

    def tables_of_statements(body: bytes, region: str, account_id: str) -> list[str]:
        statements = iam_actions._safe_json_field(body, "Statements") or []
        names = {str(re.findall('INTO "([^"]+)"', statement["Statement"])[0]) for statement in statements}
        arns = [iam_actions._dynamodb_table_arn(name, region, account_id) for name in sorted(names)]
        return arns or [*tables_of(body, region, account_id)]

    iam_actions.extract_iam_action, iam_actions.dynamodb_resource_arns = extract_insert, tables_of_statements


def accept_null_bodies() -> None:
    """MiniStack drops the connection when a function returns `"body": null`. Send an empty body."""
    convert = lambda_svc.lambda_execute_result_to_api_proxy_response

    def convert_null(result: dict[str, Any]) -> tuple[dict[str, Any] | None, str | None]:
        response, error = convert(result)
        if response and response.get("body") is None:
            response = {**response, "body": ""}
        return response, error

    lambda_svc.lambda_execute_result_to_api_proxy_response = convert_null


def parse_maximum_concurrency() -> None:
    """MiniStack passes template parameters to `MaximumConcurrency` as strings, which breaks its queue poller. Parse them."""
    concurrency = lambda_svc._sqs_esm_concurrency

    def parsed_concurrency(mapping: dict[str, Any], *args: Any, **kwargs: Any) -> int:
        scaling = {key: int(value) for key, value in (mapping.get("ScalingConfig") or {}).items()}
        limit: int = concurrency({**mapping, "ScalingConfig": scaling}, *args, **kwargs)
        return limit

    lambda_svc._sqs_esm_concurrency = parsed_concurrency


def resolve_parameters_before_sam() -> None:
    """MiniStack leaves references to parameters in AWS::LanguageExtensions, so SAM misses new values. Replace them like AWS."""
    apply = language_extensions.apply

    def apply_with_values(template: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
        def with_values(part: Any) -> Any:
            if isinstance(part, list):
                return [with_values(item) for item in part]
            if not isinstance(part, dict):
                return part
            if set(part) == {"Ref"} and part["Ref"] in values:
                return values[part["Ref"]]
            return {name: with_values(entry) for name, entry in part.items()}

        processed: dict[str, Any] = apply(template, values)
        return {**processed, "Resources": with_values(processed["Resources"])}

    language_extensions.apply = apply_with_values


def accept_alarms_on_several_metrics() -> None:
    """MiniStack refuses alarms on a sum of metrics. Watch the first metric; nobody gets its alarms here."""
    record_of = provisioners._cw_metric_alarm_record

    def record_of_first(name: str, properties: dict[str, Any]) -> Any:
        statistics = [entry["MetricStat"] for entry in properties.get("Metrics", []) if "MetricStat" in entry]
        if not statistics:
            return record_of(name, properties)
        (first, *_), others = statistics, {key: value for key, value in properties.items() if key != "Metrics"}
        return record_of(name, {**others, **first["Metric"], "Statistic": first["Stat"], "Period": first["Period"]})

    provisioners._cw_metric_alarm_record = record_of_first


def share_unpacked_layers() -> None:
    """MiniStack checks and unpacks all layers for each worker, which takes seconds. Link to shared unpacked layers."""
    unpacked, lock = Path(os.environ["TMPDIR"]) / "layers", threading.Lock()

    class SharedLayerZipFile(zipfile.ZipFile):
        def namelist(self) -> list[str]:
            """Return the names that MiniStack checks; `extractall` lets none out of its folder."""
            return [] if Path(str(self.filename)).name.startswith("layer_") else super().namelist()

        def extractall(self, path: Any = None, *args: Any, **kwargs: Any) -> None:
            target = Path(path)
            if not target.name.startswith("layer_"):
                super().extractall(path, *args, **kwargs)
                return
            shared = unpacked / hashlib.sha256(Path(str(self.filename)).read_bytes()).hexdigest()
            with lock:
                if not shared.exists():
                    draft = shared.with_suffix(".new")
                    super().extractall(draft, super().namelist())
                    draft.rename(shared)
            target.rmdir()
            target.symlink_to(shared)

    lambda_runtime.zipfile = SimpleNamespace(**{**vars(zipfile), "ZipFile": SharedLayerZipFile})


def fork_functions() -> None:
    """MiniStack starts a Python for each function, which imports the same layers again. Start forks of one that has them."""
    # The package of this module cannot be imported here; it needs libraries that MiniStack's environment does not have.
    forks = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("function_forks.py"))))
    fork_server, lock = cache(lambda python, *layers: forks.ForkServer(python, layers)), threading.Lock()

    def start(command: list[str], **options: Any) -> Any:
        folders = options["env"].get("_LAMBDA_LAYERS_DIRS")
        if not folders:
            return subprocess.Popen(command, **options)
        python, script = command
        with lock:
            server = fork_server(python, *map(os.path.realpath, folders.split(os.pathsep)))
        return server.start(script, options["cwd"], options["env"])

    if forks.IS_SUPPORTED:
        lambda_runtime.subprocess = SimpleNamespace(**{**vars(subprocess), "Popen": start})


if __name__ == "__main__":
    save_stream_records()
    retry_partially_failed_stream_batches()
    log_function_errors()
    import_gateway_responses()
    import_any_methods()
    add_drain_endpoint()
    exit_after_save()
    share_unpacked_layers()
    fork_functions()
    treat_loopback_as_tls()
    authorize_sqs_batches_as_single_actions()
    authorize_schedules_in_their_group()
    authorize_parameters_by_name()
    authorize_batches_of_inserts()
    accept_null_bodies()
    parse_maximum_concurrency()
    resolve_parameters_before_sam()
    accept_alarms_on_several_metrics()
    app.main()
