"""Response schemas of the attempts to deliver callbacks and events."""

from __future__ import annotations

from outreach import wire
from outreach.callbacks.attempt_log import WebhookAttempt
from outreach.callbacks.delivery_state import Attempt, AttemptOutcome
from outreach.events.models import EventType


class AttemptResponse(wire.Response):
    """A callback attempt; see :class:`outreach.callbacks.delivery_state.Attempt`."""

    time: str
    sequence: int | None
    status: int | None
    outcome: AttemptOutcome
    reason: str
    next_attempt_at: str | None

    @classmethod
    def of(cls, attempt: Attempt) -> AttemptResponse:
        return cls(
            time=attempt.time,
            sequence=attempt.sequence,
            status=attempt.status,
            outcome=attempt.outcome,
            reason=attempt.reason,
            next_attempt_at=attempt.next_attempt_at,
        )


class AttemptsResponse(wire.PagedResponse):
    attempts: list[AttemptResponse]


class WebhookAttemptResponse(wire.Response):
    """An attempt to deliver an event to a webhook; ``event_id`` is the ``webhook-id`` of the request."""

    time: str
    event_id: str
    type: EventType
    status: int | None
    outcome: AttemptOutcome
    reason: str
    next_attempt_at: str | None

    @classmethod
    def of(cls, entry: WebhookAttempt) -> WebhookAttemptResponse:
        return cls(
            time=entry.attempt.time,
            event_id=entry.delivery.event_id,
            type=entry.delivery.event_type,
            status=entry.attempt.status,
            outcome=entry.attempt.outcome,
            reason=entry.attempt.reason,
            next_attempt_at=entry.attempt.next_attempt_at,
        )


class WebhookAttemptsResponse(wire.PagedResponse):
    attempts: list[WebhookAttemptResponse]
