"""The environment of a function, read once, at first use and not at import."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from functools import cache


@dataclass(frozen=True)
class Settings:
    """Names of the stack's resources; each field is the environment variable of the same name in capitals.

    ``template.yaml`` sets them all for every function: a name is no permission.

    Attributes:
        kms_key_arn: the key of secrets; empty for AWS's own.
        public_base_url: where clients reach the API; empty for the gateway's own address.
        webhook_base_url: where carriers reach the webhooks.
        ticketing_base_url: where the ticketing system is; empty for the built-in one.
        outcome_checks: seconds after a lost answer at which we look whether the carrier has taken the message.
        contact_shards: over how many partitions a site's contacts are spread; never changes in a stack's life.
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

    @classmethod
    def from_environment(cls) -> Settings:
        """Read and check the environment.

        Raises:
            RuntimeError: variables are missing; the message lists all of them.
        """
        names = {field.name: field.name.upper() for field in fields(cls)}
        missing = sorted(variable for variable in names.values() if variable not in os.environ)
        if missing:
            raise RuntimeError(f"environment variables are missing: {', '.join(missing)}")
        values = {name: os.environ[variable] for name, variable in names.items()}
        typed = {
            "outcome_checks": tuple(int(seconds) for seconds in values["outcome_checks"].split(",")),
            "contact_shards": int(values["contact_shards"]),
        }
        return cls(**{**values, **typed})  # type: ignore[arg-type]


@cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings.from_environment()
