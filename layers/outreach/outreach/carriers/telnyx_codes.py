"""Telnyx's error codes in responses to a request to send and in receipts.

https://developers.telnyx.com/docs/messaging/messages/error-codes
https://developers.telnyx.com/development/api-fundamentals/api-errors
"""

from __future__ import annotations

from outreach.carriers.error_scopes import ErrorScope, table

CODES = table(
    {
        ErrorScope.ACCOUNT: {
            "10005": "the messaging profile does not exist",
            "10006": "the messaging profile's id is invalid",
            "10009": "authentication failed",
            "10010": "not authorised",
            "10038": "the account lacks the feature",
            "20002": "the API key is revoked",
            "20006": "the access token has expired",
            "20012": "the account is inactive",
            "20013": "the account is blocked",
            "20014": "the account is not verified",
            "20015": "the feature is not enabled",
            "20016": "the account is not verified (level 1)",
            "20017": "the account is not verified (level 2)",
            "20100": "the account is out of credit",
            "40311": "the messaging profile's secret is wrong",
            "40312": "the messaging profile is disabled",
            "40313": "the messaging profile's secret is missing",
            "40314": "messages are disabled for the account",
            "40321": "the messaging profile has no usable number",
        },
        ErrorScope.UNUSABLE_SENDER: {
            "40013": "the sender is not a valid number",
            "40100": "the sender is not enabled for messages",
            "40150": "the toll-free number is not registered",
            "40151": "the sender is still being enabled",
            "40305": "the sender is not usable",
            "40306": "the name is not set up as a sender",
            "40315": "the sender has a bad reputation",
            "40320": "the sender is not usable yet",
            "40329": "the toll-free number is not verified",
        },
        ErrorScope.SENDER: {
            "40003": "a network blocks the sender for spam",
            "40010": "the number is not registered for 10DLC",
            "40017": "AT&T rejects the 10DLC campaign as spam",
        },
        ErrorScope.RATE: {
            "10011": "too many requests",
            "40011": "too many messages for the network",
            "40018": "too many messages for AT&T",
        },
        ErrorScope.QUEUE: {
            "40318": "the queue is full",
        },
        ErrorScope.DAY_UTC: {
            "40333": "the daily spending limit is reached",
        },
        ErrorScope.DAY_PACIFIC: {
            "40016": "T-Mobile's daily limit is reached",
        },
        ErrorScope.MESSAGE: {
            "10001": "the number is inactive",
            "10002": "not a valid number",
            "10003": "a URL is invalid",
            "10004": "a parameter is missing",
            "10015": "the request is invalid",
            "10016": "the number is not E.164",
            "40001": "the number cannot be reached by SMS",
            "40005": "the message has expired",
            "40008": "the message cannot be delivered",
            "40009": "the text is invalid",
            "40012": "the network knows no such number",
            "40014": "the message has expired in the queue",
            "40015": "Telnyx filtered the message as spam",
            "40301": "the recipient cannot receive this type of message",
            "40302": "the message has more than ten parts",
            "40304": "text and media do not fit together",
            "40308": "the sender cannot send media",
            "40309": "the region is not enabled",
            "40310": "not a valid number",
            "40316": "the text is empty",
            "40317": "the media are invalid",
            "40319": "the recipient cannot receive this type of message",
            "40322": "the content is blocked",
            "40328": "the text is too long",
        },
        ErrorScope.OPT_OUT: {
            "40300": "the recipient has opted out",
        },
        ErrorScope.NETWORK: {
            "40002": "a network blocks the message for a while",
            "40004": "the recipient's network rejects the message",
            "40006": "the recipient's network is down",
        },
        ErrorScope.OUTCOME: {
            "10008": "the request timed out",
            "10036": "a request with the same Idempotency-Key is in flight",
        },
    }
)
