"""The simulator's own endpoints below ``/_simulate``: accepted messages, send requests and inbound messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from carrier_simulator.accounts import Accounts
from carrier_simulator.intake import LEDGER, RECEIPTS
from carrier_simulator.ledger import Message
from carrier_simulator.receipts import WEBHOOK_FAILURES, Carrier, Inbound

DEFAULT_LIMIT, MAX_LIMIT = 500, 5000
MAX_ID = 2**63 - 1


class Simulation:
    """Endpoints for tests, which real carriers do not have."""

    def __init__(self, accounts: Accounts, carriers: Mapping[str, Carrier]) -> None:
        self._accounts = accounts
        self._carriers = carriers

    def routes(self) -> list[web.RouteDef]:
        """List the endpoints below ``/_simulate``."""
        return [
            web.get("/messages", self.list_messages),
            web.delete("/messages", self.clear),
            web.get("/requests", self.list_requests),
            web.post("/inbound", self.receive_inbound),
        ]

    async def list_messages(self, request: web.Request) -> web.Response:
        """List accepted messages, oldest first.

        Filters: ``to``, ``from``, ``carrier``, ``account``. Paging: ``since`` (an id), ``limit``.
        """
        query, ledger = request.query, request.config_dict[LEDGER]
        names = {"recipient": "to", "sender": "from", "carrier": "carrier", "account": "account"}
        filters: dict[str, Any] = {name: query.get(parameter) for name, parameter in names.items()}
        since, limit = _paging(request)
        messages = ledger.messages(limit=limit, since=since, **filters)
        return web.json_response(
            {
                "messages": [_to_json(message) for message in messages],
                "total": ledger.count(**filters),
                "next": _next(messages, limit),
                "receiptsOwed": ledger.count_pending_receipts(),
            }
        )

    async def list_requests(self, request: web.Request) -> web.Response:
        """List all send requests, oldest first. Filter: ``to``; paging as for messages."""
        since, limit = _paging(request)
        rows = request.config_dict[LEDGER].requests(recipient=request.query.get("to"), since=since, limit=limit)
        requests = [_with_public_names(row) | {"at": _iso(row["at"])} for row in rows]
        return web.json_response({"requests": requests, "next": rows[-1]["id"] if len(rows) == limit else None})

    async def clear(self, request: web.Request) -> web.Response:
        """Delete all messages, requests and receipts."""
        request.config_dict[LEDGER].clear()
        return web.Response(status=204)

    async def receive_inbound(self, request: web.Request) -> web.Response:
        """Post an inbound message (see ``Inbound``) and return the receiver's response, or 502 if there is none."""
        try:
            inbound = Inbound.model_validate_json(await request.read())
            carrier = self._carriers[inbound.carrier or self._accounts.carrier_of(inbound.recipient) or ""]
            webhook = carrier.inbound_webhook(inbound)
        except ValidationError as error:
            return web.Response(
                status=400, text=error.json(include_url=False, include_input=False), content_type="application/json"
            )
        except KeyError:
            return web.json_response({"error": "No account has this number."}, status=404)
        try:
            status, content_type, body = await request.config_dict[RECEIPTS].post(webhook, carrier.webhook_policy.timeout)
        except WEBHOOK_FAILURES as error:
            return web.json_response({"url": webhook.url, "error": type(error).__name__}, status=502)
        return web.json_response({"url": webhook.url, "status": status, "contentType": content_type, "body": body})


def _to_json(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "sid": message.sid,
        "carrier": message.carrier,
        "account": message.account,
        "from": message.sender,
        "to": message.recipient,
        "body": message.body,
        "status": message.status,
        "errorCode": message.error_code,
        "acceptedAt": _iso(message.accepted_at),
        "requests": message.requests,
    }


def _with_public_names(row: dict[str, Any]) -> dict[str, Any]:
    names = {"sender": "from", "recipient": "to"}
    return {names.get(name, name): value for name, value in row.items()}


def _paging(request: web.Request) -> tuple[int, int]:
    try:
        since, limit = int(request.query.get("since", 0)), int(request.query.get("limit", DEFAULT_LIMIT))
    except ValueError:
        raise web.HTTPBadRequest(text="since and limit must be whole numbers") from None
    return max(0, min(since, MAX_ID)), max(0, min(limit, MAX_LIMIT))


def _next(messages: list[Message], limit: int) -> int | None:
    return messages[-1].id if messages and len(messages) == limit else None


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
