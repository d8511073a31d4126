"""A carrier for development and tests: the protocols of Twilio and Telnyx over a durable ledger. Nothing leaves the machine."""
