"""The stack's S3 buckets."""

from __future__ import annotations

import io
import time
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from outreach import aws as clients
from outreach import s3
from outreach.s3 import Bucket, Part

KEY = "a/10000/b"


@pytest.fixture
def bucket(aws: None) -> Bucket:
    return s3.files()


def test_an_object_is_read_as_it_was_written(bucket: Bucket) -> None:
    bucket.put(KEY, b"old")
    bucket.put(KEY, b"new", "text/csv")
    assert bucket.get(KEY) == b"new"
    assert (bucket.head(KEY) or {})["ContentType"] == "text/csv"


def test_a_missing_object_has_no_metadata(bucket: Bucket) -> None:
    assert bucket.head(KEY) is None


def test_a_missing_object_cannot_be_read(bucket: Bucket) -> None:
    with pytest.raises(clients.s3().exceptions.NoSuchKey):
        bucket.get(KEY)


def test_put_new_keeps_an_existing_object(bucket: Bucket) -> None:
    bucket.put_new(KEY, b"old")
    bucket.put_new(KEY, b"new")
    assert bucket.get(KEY) == b"old"


def conflict(monkeypatch: pytest.MonkeyPatch, times: int) -> list[str]:
    """Let S3 answer so many conditional writes with a conflict; return the keys of all attempts."""
    attempts: list[str] = []
    put_object = clients.s3().put_object

    def put(**request: Any) -> Any:
        attempts.append(request["Key"])
        if len(attempts) <= times:
            raise ClientError({"Error": {"Code": "ConditionalRequestConflict"}}, "PutObject")
        return put_object(**request)

    monkeypatch.setattr(clients.s3(), "put_object", put)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    return attempts


def test_put_new_waits_for_another_writer(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 answers 409, and not 412, while another request writes the object."""
    attempts = conflict(monkeypatch, 2)
    assert bucket.put_new(KEY, b"new")
    assert (len(attempts), bucket.get(KEY)) == (3, b"new")


def test_put_new_gives_up_in_the_end(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = conflict(monkeypatch, 99)
    with pytest.raises(ClientError, match="ConditionalRequestConflict"):
        bucket.put_new(KEY, b"new")
    assert len(attempts) == 5


@pytest.mark.parametrize(
    ("byte_range", "content"),
    [("bytes=0-3", b"0123"), ("bytes=8-99", b"89"), ("bytes=10-19", None)],
    ids=["inside", "to the end", "after the end"],
)
def test_a_part_has_the_requested_bytes(bucket: Bucket, byte_range: str, content: bytes | None) -> None:
    bucket.put(KEY, b"0123456789")
    part = bucket.get_part(KEY, byte_range)
    assert (part and (part.content, part.total_bytes)) == (content and (content, 10))


def test_an_empty_object_has_no_parts(bucket: Bucket) -> None:
    bucket.put(KEY, b"")
    with pytest.raises(ClientError, match="InvalidRange"):  # S3 answers 416, and so must its mock
        clients.s3().get_object(Bucket=bucket.name, Key=KEY, Range="bytes=0-15")
    assert bucket.get_part(KEY, "bytes=0-15") is None


def test_an_empty_object_is_downloaded(bucket: Bucket) -> None:
    bucket.put(KEY, b"")
    file = io.BytesIO()
    bucket.download(KEY, file)
    assert (file.getvalue(), bucket.get(KEY), bucket.get_lines(KEY)) == (b"", b"", [])


def test_a_missing_object_has_no_parts(bucket: Bucket) -> None:
    assert bucket.get_part(KEY, "bytes=0-3") is None


def test_a_part_has_the_time_of_the_object(bucket: Bucket) -> None:
    bucket.put(KEY, b"0123456789")
    modified = (bucket.head(KEY) or {})["LastModified"]
    assert bucket.get_part(KEY, "bytes=0-0") == Part(b"0", 10, modified)


def test_a_file_is_uploaded_and_downloaded(bucket: Bucket) -> None:
    bucket.upload(KEY, io.BytesIO(b"name\n"), "text/csv", 'attachment; filename="a.csv"')
    file = io.BytesIO()
    bucket.download(KEY, file)
    metadata = bucket.head(KEY) or {}
    assert (file.getvalue(), metadata["ContentDisposition"]) == (b"name\n", 'attachment; filename="a.csv"')


def test_lines_are_read_as_they_were_written(bucket: Bucket) -> None:
    lines = [{"a": "ä\n"}, ["b", 1], None]
    bucket.put_lines(KEY, lines)
    assert (bucket.get_lines(KEY), bucket.get(KEY).count(b"\n")) == (lines, 3)


def test_presigned_urls_read_and_write_an_object(bucket: Bucket) -> None:
    assert requests.put(bucket.upload_url(KEY, 3), data=b"abc", timeout=5).ok
    response = requests.get(bucket.download_url(KEY), timeout=5)
    assert (response.content, response.headers["Cache-Control"]) == (b"abc", "no-store")


def test_the_keys_last_segments_are_site_and_id() -> None:
    event = {"detail": {"object": {"key": "imports/uploads/10000/some-id"}}}
    assert s3.ids_of_created_object(event) == ("10000", "some-id")


# The partition's first region, one that had to be enabled from the start, and one opened since 2019.
REGIONS = ["us-east-1", "eu-south-1", "ap-southeast-3"]


@pytest.fixture(params=REGIONS)
def region(request: pytest.FixtureRequest, own_clients: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """The region of the process."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", request.param)
    return str(request.param)


def test_presigned_urls_name_the_region_because_new_regions_refuse_the_global_host(region: str) -> None:
    files = s3.files()
    for url in (files.download_url(KEY), files.upload_url(KEY, 1)):
        assert urlsplit(url).netloc == f"{files.name}.s3.{region}.amazonaws.com"
        assert f"%2F{region}%2Fs3%2Faws4_request" in url


@pytest.mark.parametrize("parts", [[b""], [b"", b"b" * 16], [b"a" * 16, b"", b"c" * 16]])
def test_an_empty_object_is_read_without_a_range_which_s3_would_refuse(
    aws: None, monkeypatch: pytest.MonkeyPatch, parts: list[bytes]
) -> None:
    make_call = BaseClient._make_api_call  # type: ignore[attr-defined]

    def refuse_ranges_of_empty_objects(client: BaseClient, operation: str, arguments: dict[str, str]) -> object:
        answer = make_call(client, operation, arguments)
        if operation == "GetObject" and not answer["ContentLength"] and "Range" in arguments:
            raise ClientError({"Error": {"Code": "InvalidRange"}}, operation)
        return answer

    monkeypatch.setattr(BaseClient, "_make_api_call", refuse_ranges_of_empty_objects)
    for number, part in enumerate(parts):
        s3.working_files().put(f"parts/{number}", part)
    assert [s3.working_files().get(f"parts/{number}") for number, _ in enumerate(parts)] == parts
    for number, part in enumerate(parts):
        copy = io.BytesIO()
        s3.working_files().download(f"parts/{number}", copy)
        assert copy.getvalue() == part
