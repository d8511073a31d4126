"""The log of callbacks as it travels (an extension of the specification)."""

from __future__ import annotations

from outreach import wire
from outreach.callbacks.state import Attempt, Outcome


class AttemptResponse(wire.Response):
    """One try; see :class:`outreach.callbacks.state.Attempt`."""

    time: str
    sequence: int | None
    status: int | None
    outcome: Outcome
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
