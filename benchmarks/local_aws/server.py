"""Answers the HTTP requests of botocore from memory, and counts them."""

from __future__ import annotations

import io
import time
import zlib
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from threading import RLock
from typing import Any
from unittest.mock import patch
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

import orjson
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import URLLib3Session

from benchmarks.local_aws.dynamodb import DynamoDB, Refused
from tests.support import partiql

# Status, headers, body.
Answer = tuple[int, dict[str, str], bytes]

# SQS bills one request for each 64 KB.
_SQS_BLOCK = 64 * 1024


@dataclass(frozen=True)
class Call:
    """A request to AWS and what it consumed; ``target`` is the table, queue or bucket."""

    service: str
    operation: str
    target: str = ""
    read_units: float = 0
    write_units: float = 0
    requests: int = 1


@dataclass
class Usage:
    """The totals of calls."""

    calls: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    read_units: Counter[str] = field(default_factory=Counter)
    write_units: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)

    def add(self, call: Call) -> None:
        self.calls[call.service, call.operation, call.target] += 1
        self.read_units[call.target] += call.read_units  # type: ignore[assignment]
        self.write_units[call.target] += call.write_units  # type: ignore[assignment]
        self.requests[call.service] += call.requests

    def merge(self, other: Usage) -> None:
        """Add the totals of another usage."""
        for name in ("calls", "read_units", "write_units", "requests"):
            getattr(self, name).update(getattr(other, name))


@dataclass(frozen=True)
class QueuedMessage:
    """A message in a queue; ``due`` is the Unix time at which its delay ends."""

    message_id: str
    body: str
    due: float


class _Body(io.BytesIO):
    """A response's raw body with the interface of urllib3."""

    def stream(self, amt: int = 65536, decode_content: bool | None = None) -> Iterator[bytes]:
        while chunk := self.read(amt):
            yield chunk


@dataclass
class LocalAws:
    """The simulated services.

    Attributes:
        now: the clock of the queues' delays.
        usage: the totals of all calls.
        queues: messages by the queue's URL.
        objects: the content of objects by ``bucket/key``.
        parameters: the values of parameters by name.
        running: the names of running executions.
        cpu_seconds: CPU time of answering the calls, without that of making them.
        discarded_prefix: objects whose keys start with it are not kept, so that they do not count as memory.
    """

    dynamodb: DynamoDB
    now: Any = time.time
    usage: Usage = field(default_factory=Usage)
    queues: dict[str, deque[QueuedMessage]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    running: list[str] = field(default_factory=list)
    cpu_seconds: float = 0.0
    discarded_prefix: str = ""
    _lock: RLock = field(default_factory=RLock)
    _message_count: int = 0

    @contextmanager
    def serving(self) -> Iterator[LocalAws]:
        """Answer all requests of botocore inside."""
        with patch.object(URLLib3Session, "send", lambda session, request: self.send(request)):
            yield self

    @contextmanager
    def measured(self) -> Iterator[Usage]:
        """Count the calls inside separately."""
        total, self.usage = self.usage, Usage()
        try:
            yield self.usage
        finally:
            self.usage = total

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Answer one HTTP request."""
        return self.response(request, self.respond(request))

    def respond(self, request: AWSPreparedRequest) -> Answer:
        """The status, headers and body of the answer to one HTTP request."""
        started = time.thread_time()
        with self._lock:
            answer = self._answer(request)
            self.cpu_seconds += time.thread_time() - started
        return answer

    def response(self, request: AWSPreparedRequest, answer: Answer) -> AWSResponse:
        """An answer in the form that botocore's HTTP session returns."""
        status, headers, body = answer
        return AWSResponse(request.url, status, HTTPHeaders.from_dict(headers), _Body(body))

    def _answer(self, request: AWSPreparedRequest) -> Answer:
        host = str(urlsplit(request.url).hostname)
        if ".s3." in host or host.startswith("s3."):
            return self._s3(request, host)
        service, _, operation = _text(request.headers["X-Amz-Target"]).partition(".")
        payload = orjson.loads(_content(request) or b"{}")
        try:
            answer = self._json_service(service, operation, payload)
        except Refused as refusal:
            return _json(400, {"__type": f"com.amazonaws#{refusal.code}", "message": refusal.code, **refusal.body})
        return _json(200, answer)

    def _json_service(self, service: str, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        match service:
            case "DynamoDB_20120810":
                return self._dynamodb(operation, payload)
            case "AmazonSQS" if operation == "SendMessageBatch":
                return self._send_message_batch(payload)
            case "AmazonSSM":
                self.usage.add(Call("ssm", operation))
                return self._ssm(operation, payload)
            case "AmazonSQS" if operation == "GetQueueAttributes":
                self.usage.add(Call("sqs", operation, payload["QueueUrl"]))
                due = sum(message.due <= self.now() for message in self.queues.get(payload["QueueUrl"], ()))
                return {"Attributes": {"ApproximateNumberOfMessages": str(due)}}
            case "AWSStepFunctions":
                self.usage.add(Call("states", operation))
                return self._states(operation, payload)
        raise NotImplementedError(f"{service}.{operation}")

    def _dynamodb(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        target = _table_of(payload)
        try:
            answer, _ = self.dynamodb.answer(operation, payload)
        finally:
            consumed = self.dynamodb.consumed
            self.usage.add(Call("dynamodb", operation, target, consumed.read, consumed.write))
        return answer

    def _send_message_batch(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        entries = payload["Entries"]
        size = sum(len(entry["MessageBody"].encode()) for entry in entries)
        url = payload["QueueUrl"]
        self.usage.add(Call("sqs", "SendMessageBatch", url, requests=-(-size // _SQS_BLOCK)))
        messages = [self._queued_message(entry) for entry in entries]
        self.queues.setdefault(url, deque()).extend(messages)
        ids = [(entry["Id"], message.message_id) for entry, message in zip(entries, messages, strict=True)]
        return {"Successful": [{"Id": id_, "MessageId": message_id, "MD5OfMessageBody": ""} for id_, message_id in ids]}

    def _queued_message(self, entry: Mapping[str, Any]) -> QueuedMessage:
        self._message_count += 1
        return QueuedMessage(f"message-{self._message_count}", entry["MessageBody"], self.now() + entry.get("DelaySeconds", 0))

    def _states(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        match operation:
            case "StartExecution":
                return _execution(payload["stateMachineArn"], payload["name"])
            case "DescribeExecution":
                machine, _, name = payload["executionArn"].rpartition(":")
                if name not in self.running:
                    raise Refused("ExecutionDoesNotExist")
                return _execution(machine, name)
            case "ListExecutions":
                start = int(payload.get("nextToken", 0))
                end = start + payload["maxResults"]
                listed = [_execution(payload["stateMachineArn"], name) for name in self.running[start:end]]
                return {"executions": listed} | ({"nextToken": str(end)} if end < len(self.running) else {})
        raise NotImplementedError(operation)

    def _ssm(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "PutParameter":
            self.parameters[payload["Name"]] = payload["Value"]
            return {"Version": 1}
        found = {name: self.parameters[name] for name in payload["Names"] if name in self.parameters}
        missing = [name for name in payload["Names"] if name not in found]
        return {"Parameters": [{"Name": name, "Value": value} for name, value in found.items()], "InvalidParameters": missing}

    def _s3(self, request: AWSPreparedRequest, host: str) -> Answer:
        path = unquote(urlsplit(request.url).path).lstrip("/")
        key = path if host.startswith("s3.") else f"{host.partition('.s3.')[0]}/{path}"
        self.usage.add(Call("s3", f"{request.method.title()}Object", key.partition("/")[0]))
        if request.method == "PUT":
            if key.partition("/")[2].startswith(self.discarded_prefix or "?"):
                return 200, {"ETag": '"etag"'}, b""
            self.objects[key] = _upload(request)
            return 200, {"ETag": '"etag"'}, b""
        if key not in self.objects:
            return 404, {}, f"<Error><Code>NoSuchKey</Code><Message>{escape(key)}</Message></Error>".encode()
        content = self.objects[key]
        if request.method == "HEAD":
            return 200, {"Content-Length": str(len(content)), "ETag": '"etag"'}, b""
        modified = formatdate(time.time(), usegmt=True)
        if "Range" not in request.headers:
            return 200, {"Content-Length": str(len(content)), "ETag": '"etag"', "Last-Modified": modified}, content
        start, _, end = _text(request.headers["Range"]).removeprefix("bytes=").partition("-")
        part = content[int(start) : int(end) + 1 if end else None]
        extent = f"bytes {start}-{int(start) + len(part) - 1}/{len(content)}"
        return 206, {"Content-Length": str(len(part)), "ETag": '"etag"', "Content-Range": extent, "Last-Modified": modified}, part


def _execution(machine_arn: str, name: str) -> dict[str, Any]:
    arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
    return {"executionArn": arn, "stateMachineArn": machine_arn, "name": name, "status": "RUNNING", "startDate": 0}


def _upload(request: AWSPreparedRequest) -> bytes:
    """The object in a PutObject request, which botocore may send in chunks with a checksum at the end."""
    raw = _content(request)
    if "aws-chunked" not in _text(request.headers.get("Content-Encoding", "")):
        return raw
    parts: list[bytes] = []
    while True:
        size, _, raw = raw.partition(b"\r\n")
        length = int(size.split(b";")[0], 16)
        if not length:
            return b"".join(parts)
        parts.append(raw[:length])
        raw = raw[length + 2 :]


def _content(request: AWSPreparedRequest) -> bytes:
    body: Any = request.body
    if body is None or isinstance(body, bytes):
        return body or b""
    return body.encode() if isinstance(body, str) else bytes(body.read())


def _json(status: int, answer: Mapping[str, Any]) -> Answer:
    body = orjson.dumps(answer)
    # botocore verifies the checksum of DynamoDB's answers.
    return status, {"x-amz-crc32": str(zlib.crc32(body)), "content-type": "application/x-amz-json-1.0"}, body


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _table_of(payload: Mapping[str, Any]) -> str:
    """Return the table that a call reads or writes. A batch has one table here; a transaction may have several."""
    if "Statements" in payload:
        return partiql.insertion(payload["Statements"][0])[0]
    return str(payload.get("TableName") or next(iter(payload.get("RequestItems", {"transaction": None}))))
