"""The stack's S3 buckets: objects by key, without the client's request dictionaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any

import orjson
from botocore.exceptions import ClientError

from outreach import aws, backoff
from outreach.settings import settings

# How long a presigned URL is valid.
URL_SECONDS = 900

_MISSING = ("404", "NoSuchKey")
# How often a conditional write is tried while others write the same object; together they wait half a second on average.
_CONFLICT_ATTEMPTS = 5


@dataclass(frozen=True)
class Part:
    """A byte range of an object.

    Attributes:
        content: the bytes of the range; fewer than requested at the end of the object.
        total_bytes: the size of the whole object.
        last_modified: when the object was written.
    """

    content: bytes
    total_bytes: int
    last_modified: datetime


@dataclass(frozen=True)
class Bucket:
    """One bucket. Every method makes one request to S3, unless its description says otherwise."""

    name: str

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> None:
        """Write an object, or replace an existing one."""
        aws.s3().put_object(Bucket=self.name, Key=key, Body=body, ContentType=content_type)

    def put_new(self, key: str, body: bytes) -> bool:
        """Write an object unless it exists, so that S3 sends its "Object Created" event only once; ``False`` when it does."""
        for attempt in range(_CONFLICT_ATTEMPTS):
            try:
                aws.s3().put_object(Bucket=self.name, Key=key, Body=body, IfNoneMatch="*")
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == "PreconditionFailed":
                    return False
                # Another request is writing the object, and may yet fail (S3's API reference, "PutObject", If-None-Match).
                if code != "ConditionalRequestConflict" or attempt == _CONFLICT_ATTEMPTS - 1:
                    raise
                backoff.wait(attempt, 0.05)
            else:
                break
        return True

    def upload(self, key: str, file: IO[bytes], content_type: str, disposition: str) -> None:
        """Write an object from a file; a large one takes several requests.

        Args:
            key: the key of the object.
            file: the file to read.
            content_type: the ``Content-Type`` of the object.
            disposition: the ``Content-Disposition`` of the object (RFC 6266).
        """
        metadata = {"ContentType": content_type, "ContentDisposition": disposition}
        aws.s3().upload_fileobj(file, self.name, key, ExtraArgs=metadata)

    def download(self, key: str, file: IO[bytes]) -> None:
        """Copy an object into a file; a large one takes several requests."""
        aws.s3().download_fileobj(self.name, key, file)

    def get(self, key: str) -> bytes:
        """Return the content of an object."""
        return aws.s3().get_object(Bucket=self.name, Key=key)["Body"].read()

    def get_part(self, key: str, byte_range: str) -> Part | None:
        """Return a byte range of an object; ``None`` when the object does not exist, or the range starts after its end.

        Args:
            key: the key of the object.
            byte_range: a ``Range`` (RFC 9110, section 14.2), such as ``bytes=0-15``.
        """
        try:
            response = aws.s3().get_object(Bucket=self.name, Key=key, Range=byte_range)
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "InvalidRange"):
                return None
            raise
        total = int(response["ContentRange"].rpartition("/")[2])
        return Part(response["Body"].read(), total, response["LastModified"])

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin with a prefix, a thousand in each request. For administration only."""
        pages = aws.s3().get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def folders(self, prefix: str) -> list[str]:
        """Return the prefixes one slash below a prefix. For administration only."""
        pages = aws.s3().get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix, Delimiter="/")
        return [entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", [])]

    def delete_all(self, keys: Iterable[str]) -> None:
        """Delete objects, one in each request; those that do not exist are ignored. For administration only."""
        for key in keys:
            aws.s3().delete_object(Bucket=self.name, Key=key)

    def head(self, key: str) -> dict[str, Any] | None:
        """Return the metadata of an object (``ContentLength``, ``LastModified`` …); ``None`` when it does not exist."""
        try:
            return dict(aws.s3().head_object(Bucket=self.name, Key=key))
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise

    def put_lines(self, key: str, lines: Iterable[Any]) -> None:
        """Write values as NDJSON, one per line."""
        self.put(key, _ndjson(lines))

    def put_new_lines(self, key: str, lines: Iterable[Any]) -> bool:
        """Write values as NDJSON unless the object exists; ``False`` when it does."""
        return self.put_new(key, _ndjson(lines))

    def get_lines(self, key: str) -> list[Any]:
        """Read the values of an NDJSON object."""
        return [orjson.loads(line) for line in self.get(key).splitlines()]

    def download_url(self, key: str) -> str:
        """Return a presigned URL to GET an object, valid for :data:`URL_SECONDS`. No cache may store the response."""
        parameters = {"Bucket": self.name, "Key": key, "ResponseCacheControl": "no-store"}
        return aws.s3().generate_presigned_url("get_object", Params=parameters, ExpiresIn=URL_SECONDS)

    def upload_url(self, key: str, size: int) -> str:
        """Return a presigned URL to PUT an object of exactly ``size`` bytes, valid for :data:`URL_SECONDS`."""
        parameters = {"Bucket": self.name, "Key": key, "ContentLength": size}
        return aws.s3().generate_presigned_url("put_object", Params=parameters, ExpiresIn=URL_SECONDS)


def _ndjson(lines: Iterable[Any]) -> bytes:
    return b"".join(orjson.dumps(line) + b"\n" for line in lines)


def ids_of_created_object(event: Mapping[str, Any]) -> tuple[str, str]:
    """Return site and id from an EventBridge event "Object Created": the last two segments of the object's key."""
    *_, site_id, object_id = event["detail"]["object"]["key"].split("/")
    return site_id, object_id


def files() -> Bucket:
    """Return the bucket of imports, exports and list results."""
    return Bucket(settings().files_bucket)


def working_files() -> Bucket:
    """Return the bucket of frozen audiences, cached searches and oversized responses."""
    return Bucket(settings().audience_bucket)
