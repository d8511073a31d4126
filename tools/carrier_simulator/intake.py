"""Accepts or refuses send requests, after a carrier's protocol has been parsed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from carrier_simulator.ledger import Ledger, Message, Submission
from carrier_simulator.outcomes import Refusal, outcome_of
from carrier_simulator.receipts import Receipts
from carrier_simulator.settings import Settings


class ResponseLostError(Exception):
    """The message is accepted, but the client must get no response."""


class CarrierError(Exception):
    """A request that the carrier refuses with an error ``code`` and an HTTP ``status``."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    @property
    def outcome(self) -> str:
        """The outcome in the ledger: ``429``, ``500`` or ``refused``."""
        return str(self.status) if self.status in (429, 500) else "refused"

    def response(self) -> web.Response:
        """Make the carrier's error response."""
        raise NotImplementedError


class Intake:
    """Accepts or refuses send requests and records them in the ledger."""

    def __init__(self, ledger: Ledger, receipts: Receipts, settings: Settings) -> None:
        self.ledger = ledger
        self._receipts = receipts
        self._settings = settings

    async def refusal_for(self, submission: Submission) -> Refusal | None:
        """Wait for the carrier's latency, then return why the request is refused, or ``None`` to accept it.

        The caller must record the result before its next ``await``, so that concurrent requests are counted one by one.
        """
        await asyncio.sleep(self._settings.latency)
        return outcome_of(submission.recipient).refusal_for_attempt(self.ledger.count_temporary_refusals(submission))

    @contextmanager
    def recording_refusals(self, submission: Submission) -> Iterator[None]:
        """Record the request as refused if the block raises a ``CarrierError``."""
        try:
            yield
        except CarrierError as error:
            self.ledger.record_request(submission, error.outcome, code=error.code)
            raise

    async def accept(self, submission: Submission, sid: str) -> Message:
        """Record an accepted message and schedule its receipts.

        Raises:
            ResponseLostError: The response to this message must be lost.
        """
        outcome = outcome_of(submission.recipient)
        delay = 0 if outcome.receipts_before_response else self._settings.receipt_delay
        now = time.time()
        message = self.ledger.accept(
            submission,
            sid,
            [(status, now + number * delay) for number, status in enumerate(outcome.receipts, start=1)],
            outcome="lost" if outcome.loses_response else "accepted",
        )
        if outcome.receipts_before_response:
            await self._receipts.report_due(sid)
        self._receipts.schedule(sid)
        if outcome.loses_response:
            raise ResponseLostError
        return message


INTAKE = web.AppKey("intake", Intake)
LEDGER = web.AppKey("ledger", Ledger)
RECEIPTS = web.AppKey("receipts", Receipts)


@web.middleware
async def respond_to_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn a ``CarrierError`` into its response."""
    try:
        return await handler(request)
    except CarrierError as error:
        return error.response()


def drop_lost_responses(delay: float) -> Middleware:
    """Make a middleware that closes the connection of a lost response after ``delay`` seconds."""

    @web.middleware
    async def drop_lost_response(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except ResponseLostError:
            await asyncio.sleep(delay)
            if request.transport:
                request.transport.abort()
            return web.Response()

    return drop_lost_response
