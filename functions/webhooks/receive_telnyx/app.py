"""POST /webhooks/telnyx/{channelAccountId}[/inbound | /messages/{messageId}]: inbound messages and status events."""

from outreach.delivery import webhooks
from outreach.sending import telnyx

lambda_handler = webhooks.entry_point(telnyx, {"statusCode": 200, "body": ""})
