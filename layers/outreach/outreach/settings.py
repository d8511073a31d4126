"""Settings from environment variables, read once, at first use rather than at import."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from functools import cache


@dataclass(frozen=True)
class Settings:
    """Names and addresses of the stack's resources; each field is the environment variable of the same name in capitals.

    ``template.yaml`` sets all of them for every function. Knowing a name gives a function no permission.

    Attributes:
        kms_key_arn: the key that encrypts secrets; empty for the AWS managed key.
        public_base_url: the URL at which clients reach the API; empty for the gateway's own.
        webhook_base_url: the URL at which carriers reach the webhooks.
        ticketing_base_url: the URL of the ticketing system; empty for the built-in one.
        outcome_checks: seconds after an attempt with an unknown outcome at which to ask the carrier about the message.
        contact_shards: the number of partitions of a site's contacts; must never change within a stack.
        message_retention_days: the number of days after which a message is deleted; 0 for never.
        separate_text_bytes: a longer text (UTF-8) of a message to be sent is stored in an item of its own; 0 for none.
        call_timeout: seconds without an answer after which an attempt of an AWS call has failed.
        call_attempts: how often an AWS call is attempted.
    """

    sites_table: str
    contacts_table: str
    campaigns_table: str
    messages_table: str
    callbacks_table: str
    tickets_table: str
    requests_table: str
    audience_bucket: str
    files_bucket: str
    send_queue_url: str
    callback_queue_url: str
    attach_queue_url: str
    inbound_queue_url: str
    campaign_send_arn: str
    callback_retry_arn: str
    scheduled_start_arn: str
    import_contacts_arn: str
    begin_scheduled_start_arn: str
    schedule_group: str
    schedule_dead_letter_queue_arn: str
    scheduler_role_arn: str
    secrets_prefix: str
    kms_key_arn: str
    public_base_url: str
    webhook_base_url: str
    twilio_base_url: str
    telnyx_base_url: str
    ticketing_base_url: str
    outcome_checks: tuple[int, ...]
    contact_shards: int
    message_retention_days: int
    separate_text_bytes: int
    call_timeout: int
    call_attempts: int

    @classmethod
    def from_environment(cls) -> Settings:
        """Read the environment.

        Raises:
            RuntimeError: variables are missing; the message lists all of them.
            ValueError: the value of a numeric variable is not a number.
        """
        names = {field.name: field.name.upper() for field in fields(cls)}
        missing = sorted(variable for variable in names.values() if variable not in os.environ)
        if missing:
            raise RuntimeError(f"missing environment variables: {', '.join(missing)}")
        values = {name: os.environ[variable] for name, variable in names.items()}
        typed = {
            "outcome_checks": tuple(int(seconds) for seconds in values["outcome_checks"].split(",")),
            "contact_shards": int(values["contact_shards"]),
            "message_retention_days": int(values["message_retention_days"]),
            "separate_text_bytes": int(values["separate_text_bytes"]),
            "call_timeout": int(values["call_timeout"]),
            "call_attempts": int(values["call_attempts"]),
        }
        return cls(**{**values, **typed})  # type: ignore[arg-type]


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings.from_environment()
