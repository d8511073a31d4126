"""Empties the buckets of a stack, because CloudFormation deletes no bucket that holds objects."""

from __future__ import annotations

from typing import Any

from outreach import aws
from outreach.settings import settings

# The most objects that one request deletes.
_PAGE_SIZE = 1000


def names() -> list[str]:
    """Return the names of the stack's buckets."""
    return [settings().audience_bucket, settings().files_bucket]


def count(bucket: str) -> int:
    """Return the number of objects of a bucket."""
    pages = aws.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return sum(len(page.get("Contents", [])) for page in pages)


def empty(bucket: str) -> int:
    """Delete all objects of a bucket.

    Returns:
        The number of objects deleted.

    Raises:
        RuntimeError: S3 refused to delete some; the others are deleted.
    """
    deleted = 0
    for page in aws.s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": _PAGE_SIZE}):
        objects: list[Any] = [{"Key": entry["Key"]} for entry in page.get("Contents", [])]
        if not objects:
            continue
        errors = aws.s3().delete_objects(Bucket=bucket, Delete={"Objects": objects, "Quiet": True}).get("Errors", [])
        if errors:
            raise RuntimeError(f"S3 refused to delete {len(errors)} objects of {bucket}: {errors[0].get('Code')}.")
        deleted += len(objects)
    return deleted
