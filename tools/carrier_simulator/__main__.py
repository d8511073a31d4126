"""The command line ``python -m carrier_simulator``."""

from __future__ import annotations

from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser, RawDescriptionHelpFormatter
from functools import partial
from pathlib import Path

from aiohttp import web

import carrier_simulator
from carrier_simulator.app import create_app
from carrier_simulator.outcomes import OUTCOMES
from carrier_simulator.settings import Settings

# Seconds that open connections get at SIGTERM, and again after their cancellation. A lost response keeps its connection open.
SHUTDOWN_TIMEOUT = 0.25


ENDPOINTS = """\
endpoints:
  /2010-04-01/Accounts/{sid}/Messages.json          Twilio: POST sends, GET lists; GET .../Messages/{sid}.json fetches
  /v2/messages                                      Telnyx: POST sends, GET /v2/messages/{id} fetches
  GET    /_simulate/messages?to=&from=&carrier=&account=&since=&limit=   accepted messages, and receiptsOwed: pending receipts
  GET    /_simulate/requests?to=&since=&limit=      all send requests: accepted, lost, replayed, refused, 429, 500
  POST   /_simulate/inbound                         JSON {from, to, body, carrier?, url?, id?, extra?}: post an inbound message
  DELETE /_simulate/messages                        delete all messages, requests and receipts

outcomes by the last four digits of the recipient (all others: delivered):
"""


class HelpFormatter(RawDescriptionHelpFormatter, ArgumentDefaultsHelpFormatter):
    """Shows default values and keeps the line breaks of the tables."""


def parser() -> ArgumentParser:
    """Make the parser, with the defaults of ``Settings``."""
    outcomes = "\n".join(f"  ...{digits}  {outcome.description}" for digits, outcome in OUTCOMES.items())
    options = ArgumentParser(
        "carrier_simulator", description=carrier_simulator.__doc__, epilog=ENDPOINTS + outcomes, formatter_class=HelpFormatter
    )
    add = options.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=int, default=3001, help="port to listen on")
    add("--state", type=Path, required=True, help="folder of the ledger; a restart with the same folder continues with it")
    add("--accounts", type=Path, help="JSON file of accounts and numbers; by default the packaged default_accounts.json")
    add("--webhook-base", default=Settings.webhook_base, help="base URL for webhooks of inbound messages")
    add(
        "--latency-ms", type=int, default=_milliseconds(Settings.latency), help="time until a send request is accepted or refused"
    )
    add(
        "--receipt-delay-ms",
        type=int,
        default=_milliseconds(Settings.receipt_delay),
        help="time from acceptance to the first receipt, and between receipts",
    )
    add(
        "--receipt-retry-delay-ms",
        type=int,
        default=_milliseconds(Settings.receipt_retry_delay),
        help="time until a failed webhook is sent again",
    )
    add("--receipt-concurrency", type=int, default=Settings.receipt_concurrency, help="maximum number of concurrent webhooks")
    add(
        "--lost-response",
        type=float,
        default=Settings.lost_response,
        help="seconds until the connection of a lost response is closed",
    )
    return options


def main() -> None:
    """Serve until SIGINT or SIGTERM."""
    options = parser().parse_args()
    settings = Settings(
        state=options.state,
        accounts=options.accounts,
        webhook_base=options.webhook_base,
        latency=options.latency_ms / 1000,
        receipt_delay=options.receipt_delay_ms / 1000,
        receipt_retry_delay=options.receipt_retry_delay_ms / 1000,
        receipt_concurrency=options.receipt_concurrency,
        lost_response=options.lost_response,
    )
    # No access log: it would contain phone numbers.
    web.run_app(
        create_app(settings),
        host=options.host,
        port=options.port,
        access_log=None,
        shutdown_timeout=SHUTDOWN_TIMEOUT,
        print=partial(print, flush=True),
    )


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


if __name__ == "__main__":
    main()
