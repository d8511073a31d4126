"""Simulates Twilio and Telnyx for development and tests, with a durable ledger. Sends nothing to real phones."""
