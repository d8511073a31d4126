"""What happens to a send request once a carrier's protocol has been read."""

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


class AnswerLostError(Exception):
    """The message was accepted, and the client must not learn it."""


class CarrierError(Exception):
    """A request the carrier does not serve: its ``code`` and HTTP ``status`` there."""

    def __init__(self, code: str, status: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    @property
    def outcome(self) -> str:
        """How the ledger calls it: ``429``, ``500`` or ``refused``."""
        return str(self.status) if self.status in (429, 500) else "refused"

    def response(self) -> web.Response:
        """The error as this carrier answers it."""
        raise NotImplementedError


class Intake:
    """Decides about send requests and books the accepted ones."""

    def __init__(self, ledger: Ledger, receipts: Receipts, settings: Settings) -> None:
        self.ledger = ledger
        self._receipts = receipts
        self._settings = settings

    async def judge(self, submission: Submission) -> Refusal | None:
        """Why this request is turned away, after the carrier's latency; ``None`` when it is to be accepted.

        Nothing else runs between the decision and the caller's next ``await``: what it books then, the next request counts.
        """
        await asyncio.sleep(self._settings.latency)
        return outcome_of(submission.recipient).refusal_of(self.ledger.turned_away(submission))

    @contextmanager
    def booking_refusals(self, submission: Submission) -> Iterator[None]:
        """Book the request as refused when a ``CarrierError`` is raised inside."""
        try:
            yield
        except CarrierError as error:
            self.ledger.record_request(submission, error.outcome, code=error.code)
            raise

    async def accept(self, submission: Submission, sid: str) -> Message:
        """Book a message under its id and see to its receipts; raises ``AnswerLostError`` when that is its outcome."""
        outcome = outcome_of(submission.recipient)
        step = 0 if outcome.receipts_before_answer else self._settings.receipt_delay
        now = time.time()
        message = self.ledger.accept(
            submission,
            sid,
            [(status, now + number * step) for number, status in enumerate(outcome.receipts, start=1)],
            outcome="lost" if outcome.answer_lost else "accepted",
        )
        if outcome.receipts_before_answer:
            await self._receipts.report_due(sid)
        self._receipts.schedule(sid)
        if outcome.answer_lost:
            raise AnswerLostError
        return message


INTAKE = web.AppKey("intake", Intake)
LEDGER = web.AppKey("ledger", Ledger)
RECEIPTS = web.AppKey("receipts", Receipts)


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn a ``CarrierError`` into its answer."""
    try:
        return await handler(request)
    except CarrierError as error:
        return error.response()


def losing_answers(after: float) -> Middleware:
    """A middleware that, where the answer is to be lost, cuts the connection after so many seconds."""

    @web.middleware
    async def lose_answer(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except AnswerLostError:
            await asyncio.sleep(after)
            if request.transport:
                request.transport.abort()
            return web.Response()

    return lose_answer
