"""POST /webhooks/twilio/{channelAccountId}[/messages/{messageId}]: status callbacks and inbound messages of Twilio."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from outreach.delivery import receipts
from outreach.errors import OutreachError
from outreach.http.webhooks import webhook
from outreach.observability import logger
from outreach.sending import twilio

# Twilio reads the answer as TwiML; an empty response means "send nothing".
_EMPTY_TWIML = {"statusCode": 200, "headers": {"content-type": "text/xml"}, "body": "<Response/>"}


def lambda_handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    request = webhook(event)
    path = event["pathParameters"]
    try:
        account = receipts.authenticate(twilio, path["channelAccountId"], request)
        if "messageId" in path:
            receipt = twilio.parse_receipt(request.body)
            receipts.apply(account, path["messageId"], receipt)
            logger().info("receipt", message_id=path["messageId"], site_id=account.site_id, status=receipt.status)
    except OutreachError as error:
        logger().warning("webhook refused", account_id=path["channelAccountId"], code=error.code)
        return {"statusCode": error.status, "body": ""}
    return _EMPTY_TWIML
