"""POST /webhooks/telnyx/{channelAccountId}[/inbound | /messages/{messageId}]: inbound messages and status events."""

from outreach.carriers import telnyx
from outreach.inbound import webhooks

lambda_handler = webhooks.entry_point(telnyx, {"statusCode": 200, "body": ""})
