"""POST /webhooks/twilio/{channelAccountId}[/inbound | /messages/{messageId}]: inbound messages and status callbacks."""

from outreach.delivery import webhooks
from outreach.sending import twilio

# Twilio reads the answer as TwiML; an empty response means "send nothing".
EMPTY_TWIML = {"statusCode": 200, "headers": {"content-type": "text/xml"}, "body": "<Response/>"}

lambda_handler = webhooks.entry_point(twilio, EMPTY_TWIML)
