"""The HTTP side: what botocore would send goes here, is answered from memory, and is counted."""

from __future__ import annotations

import io
import time
import zlib
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
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

# Status, headers, body.
Answer = tuple[int, dict[str, str], bytes]

# An SQS request is billed for each 64 KB of it.
_SQS_BLOCK = 64 * 1024


@dataclass(frozen=True)
class Call:
    """One request to AWS, and what it consumed. ``target`` is the table, queue or bucket."""

    service: str
    operation: str
    target: str = ""
    read_units: float = 0
    write_units: float = 0
    requests: int = 1


@dataclass
class Usage:
    """What calls add up to. ``cpu_seconds`` went into answering them, not into making them."""

    calls: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    read_units: Counter[str] = field(default_factory=Counter)
    write_units: Counter[str] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    cpu_seconds: float = 0.0

    def add(self, call: Call) -> None:
        self.calls[call.service, call.operation, call.target] += 1
        self.read_units[call.target] += call.read_units  # type: ignore[assignment]
        self.write_units[call.target] += call.write_units  # type: ignore[assignment]
        self.requests[call.service] += call.requests

    def merge(self, other: Usage) -> None:
        """Add what another has counted."""
        for name in ("calls", "read_units", "write_units", "requests"):
            getattr(self, name).update(getattr(other, name))
        self.cpu_seconds += other.cpu_seconds


@dataclass(frozen=True)
class Queued:
    """A message in a queue; ``due`` is a Unix time."""

    message_id: str
    body: str
    due: float


class _Body(io.BytesIO):
    """A response's raw stream as urllib3 has it."""

    def stream(self, amt: int = 65536, decode_content: bool | None = None) -> Iterator[bytes]:
        while chunk := self.read(amt):
            yield chunk


@dataclass
class LocalAws:
    """The services. A queue is a list by its URL, a bucket's objects are by ``bucket/key``, parameters by name.

    Attributes:
        usage: what was called since it was last replaced.
        now: the clock that delays of queues follow.
        forgets: what begins so is not kept in a bucket, for measurements of memory.
    """

    dynamodb: DynamoDB
    now: Any = time.time
    usage: Usage = field(default_factory=Usage)
    queues: dict[str, deque[Queued]] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    forgets: str = ""
    _lock: RLock = field(default_factory=RLock)
    _numbers: int = 0

    @contextmanager
    def serving(self) -> Iterator[LocalAws]:
        """Answer all that botocore sends meanwhile."""
        with patch.object(URLLib3Session, "send", lambda session, request: self.send(request)):
            yield self

    @contextmanager
    def measured(self) -> Iterator[Usage]:
        """What is called meanwhile, on its own; it is added to what was called before."""
        before, self.usage = self.usage, Usage()
        try:
            yield self.usage
        finally:
            self.usage = before

    def send(self, request: AWSPreparedRequest) -> AWSResponse:
        """Answer one HTTP request."""
        return self.response(request, self.respond(request))

    def respond(self, request: AWSPreparedRequest) -> Answer:
        """The answer to one HTTP request: status, headers and body."""
        started = time.thread_time()
        with self._lock:
            answer = self._answer(request)
            self.usage.cpu_seconds += time.thread_time() - started
        return answer

    def response(self, request: AWSPreparedRequest, answer: Answer) -> AWSResponse:
        """An answer as botocore's HTTP session would return it."""
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
            case "AWSStepFunctions" if operation == "StartExecution":
                self.usage.add(Call("states", operation))
                return {"executionArn": "arn:aws:states:us-east-1:123456789012:execution:local:local", "startDate": 0}
        raise NotImplementedError(f"{service}.{operation}")

    def _dynamodb(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        target = payload.get("TableName") or next(iter(payload.get("RequestItems", {"transaction": None})))
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
        sent = [self._queued(entry) for entry in entries]
        self.queues.setdefault(url, deque()).extend(sent)
        results = zip(entries, sent, strict=True)
        return {
            "Successful": [{"Id": entry["Id"], "MessageId": one.message_id, "MD5OfMessageBody": ""} for entry, one in results]
        }

    def _queued(self, entry: Mapping[str, Any]) -> Queued:
        self._numbers += 1
        return Queued(f"message-{self._numbers}", entry["MessageBody"], self.now() + entry.get("DelaySeconds", 0))

    def _ssm(self, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        if operation == "PutParameter":
            self.parameters[payload["Name"]] = payload["Value"]
            return {"Version": 1}
        return {"Parameter": {"Name": payload["Name"], "Type": "SecureString", "Value": self.parameters[payload["Name"]]}}

    def _s3(self, request: AWSPreparedRequest, host: str) -> Answer:
        path = unquote(urlsplit(request.url).path).lstrip("/")
        key = path if host.startswith("s3.") else f"{host.partition('.s3.')[0]}/{path}"
        self.usage.add(Call("s3", f"{request.method.title()}Object", key.partition("/")[0]))
        if request.method == "PUT":
            if key.partition("/")[2].startswith(self.forgets or "?"):
                return 200, {"ETag": '"etag"'}, b""
            self.objects[key] = _upload(request)
            return 200, {"ETag": '"etag"'}, b""
        if key not in self.objects:
            return 404, {}, f"<Error><Code>NoSuchKey</Code><Message>{escape(key)}</Message></Error>".encode()
        found = self.objects[key]
        if request.method == "HEAD":
            return 200, {"Content-Length": str(len(found)), "ETag": '"etag"'}, b""
        start, _, end = _text(request.headers.get("Range", "bytes=0-")).removeprefix("bytes=").partition("-")
        part = found[int(start) : int(end) + 1 if end else None]
        return 206, {"Content-Length": str(len(part)), "ETag": '"etag"'}, part


def _upload(request: AWSPreparedRequest) -> bytes:
    """The object in a PutObject: botocore wraps it in chunks with a checksum behind."""
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
    # botocore checks it against DynamoDB's answers.
    return status, {"x-amz-crc32": str(zlib.crc32(body)), "content-type": "application/x-amz-json-1.0"}, body


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
