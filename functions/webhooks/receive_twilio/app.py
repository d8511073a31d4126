"""POST /webhooks/twilio/{channelAccountId}[/inbound | /messages/{messageId}]: inbound messages and status callbacks."""

from outreach.carriers import twilio
from outreach.inbound import webhooks

# Twilio reads the answer as TwiML; an empty response sends no message.
EMPTY_TWIML = {"statusCode": 200, "headers": {"content-type": "text/xml"}, "body": "<Response/>"}

lambda_handler = webhooks.entry_point(twilio, EMPTY_TWIML)
