"""The frozen audience of a record: an S3 object of packed ids, in the order of their places.

``parts/<site>/<record>/<part>``     what one scan has found; joined and then forgotten (the bucket expires them)
``audiences/<site>/<record>``        the audience; never written again
"""

from __future__ import annotations

from outreach import aws
from outreach.campaigns import records, snapshots
from outreach.campaigns.records import Record
from outreach.contacts import counting, filters, packed, schema, search
from outreach.settings import settings

# Where one scan takes a few seconds, and starting another function pays.
_CONTACTS_PER_SCAN = 50_000


def plan(site_id: str) -> list[list[int]]:
    """How the site's contact shards are divided among scans that run side by side: few contacts need one, a million 16."""
    shards = settings().contact_shards
    scans = min(shards, 1 + counting.total(site_id) // _CONTACTS_PER_SCAN)
    return [list(range(first, shards, scans)) for first in range(scans)]


def scan(record: Record, shards: list[int], part: int) -> None:
    """Store the contacts of some shards that match the record's filter as one part of the audience."""
    predicate = filters.compile(snapshots.filter_of(record.campaign), schema.load(record.site_id))
    found = search.matching_ids(record.site_id, shards, predicate)
    aws.s3().put_object(Bucket=settings().audience_bucket, Key=_part_key(record, part), Body=packed.pack(found))


def freeze(record: Record, parts: int) -> Record:
    """Join the parts. From here on the audience is final; repeated, this changes nothing."""
    if record.audience is not None:
        return record
    joined = b"".join(_read(_part_key(record, part)) for part in range(parts))
    aws.s3().put_object(Bucket=settings().audience_bucket, Key=_key(record.site_id, record.id), Body=joined)
    return records.freeze(record, len(joined) // packed.ID_BYTES)


def contact_ids(site_id: str, record_id: str, start: int, stop: int) -> list[str]:
    """The contacts at the places ``start`` to ``stop`` (exclusive)."""
    if start >= stop:
        return []
    return packed.unpack(_read(_key(site_id, record_id), packed.byte_range(start, stop)))


def _read(key: str, byte_range: str = "bytes=0-") -> bytes:
    return aws.s3().get_object(Bucket=settings().audience_bucket, Key=key, Range=byte_range)["Body"].read()


def _part_key(record: Record, part: int) -> str:
    return f"parts/{record.site_id}/{record.id}/{part:03}"


def _key(site_id: str, record_id: str) -> str:
    return f"audiences/{site_id}/{record_id}"
