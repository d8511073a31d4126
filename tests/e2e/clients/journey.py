"""A journey with the client that openapi-python-client generates: upload contacts, send a campaign, read what came back.

Usage: journey.py <base URL> <API key> <channel account> <XLSX file of one contact of the company "Python Ltd">
"""

import sys
import time
import uuid
from io import BytesIO
from pathlib import Path

from outreach_client import AuthenticatedClient
from outreach_client.api.campaigns import create_campaign, export_campaign_record, get_campaign_record, send_campaign
from outreach_client.api.import_and_export import export_contacts, get_import_record, get_import_template, import_contacts
from outreach_client.api.messages import list_messages
from outreach_client.models import (
    Campaign,
    CampaignBody,
    ConditionBody,
    ConditionBodyOperator,
    ExportBody,
    Import,
    ImportContactsFilesBody,
    MessageList,
    Record,
)
from outreach_client.types import UNSET, File

POLLS = 600


def main(base_url: str, key: str, account: str, workbook: Path) -> None:
    # Large files are answered by a redirection to the file.
    client = AuthenticatedClient(base_url=base_url, token=key, raise_on_unexpected_status=True, follow_redirects=True)
    with client:
        template = get_import_template.sync(client=client)
        assert isinstance(template, File)
        assert template.payload.read(2) == b"PK"  # an XLSX file is a ZIP file
        upload(client, workbook)
        record = send(client, account)
        messages = list_messages.sync(client=client, campaign_record_id=record.id)
        assert isinstance(messages, MessageList)
        assert [message.status.value for message in messages.messages] == ["delivered"]
        assert b"delivered" in read(export_campaign_record.sync(record.id, client=client))
        assert b"Python Ltd" in read(export_contacts.sync(client=client, body=ExportBody(time_zone_id="UTC")))
    sys.stdout.write("journey completed\n")


def upload(client: AuthenticatedClient, workbook: Path) -> None:
    file = File(payload=BytesIO(workbook.read_bytes()), file_name=workbook.name)
    answer = import_contacts.sync(
        client=client, body=ImportContactsFilesBody(upload_file=file), idempotency_key=str(uuid.uuid4())
    )
    assert isinstance(answer, Import)
    for _ in range(POLLS):
        record = get_import_record.sync(answer.id, client=client)
        assert isinstance(record, Import)
        if record.status.value == "completed":
            assert (record.created_count, record.failed_count) == (1, 0)
            return
        time.sleep(0.2)
    raise TimeoutError("the import is not completed")


def send(client: AuthenticatedClient, account: str) -> Record:
    condition = ConditionBody(field_name="company", operator=ConditionBodyOperator.IS, value="Python Ltd", order=1)
    body = CampaignBody(
        name="Journey",
        channel="sms",
        channel_account_id=uuid.UUID(account),
        message="Hello",
        contact_filter_conditions=[condition],
    )
    campaign = create_campaign.sync(client=client, body=body)
    assert isinstance(campaign, Campaign)
    record = send_campaign.sync(campaign.id, client=client, body=UNSET)
    assert isinstance(record, Record)
    for _ in range(POLLS):
        record = get_campaign_record.sync(record.id, client=client)
        assert isinstance(record, Record)
        if record.counts and record.counts.delivered:
            return record
        time.sleep(0.2)
    raise TimeoutError("the message is not delivered")


def read(answer: object) -> bytes:
    assert isinstance(answer, File)
    return answer.payload.read()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))
