"""Command line: ``python -m carrier_simulator --help``."""

from __future__ import annotations

from argparse import ArgumentDefaultsHelpFormatter, ArgumentParser, RawDescriptionHelpFormatter
from functools import partial
from pathlib import Path

from aiohttp import web

import carrier_simulator
from carrier_simulator.app import create_app
from carrier_simulator.outcomes import OUTCOMES
from carrier_simulator.settings import Settings

# Open connections (a lost answer keeps one for long) get this many seconds at SIGTERM, and as many again once they are cancelled.
SHUTDOWN_TIMEOUT = 0.25


ENDPOINTS = """\
endpoints:
  /2010-04-01/Accounts/{sid}/Messages.json          Twilio: POST sends, GET lists; GET .../Messages/{sid}.json fetches
  /v2/messages                                      Telnyx: POST sends, GET /v2/messages/{id} fetches
  GET    /_simulate/messages?to=&from=&carrier=&account=&since=&limit=   what was accepted, and receiptsOwed
  GET    /_simulate/requests?to=&since=&limit=      every send request seen: accepted, lost, replayed, refused, 429, 500
  POST   /_simulate/inbound                         JSON {from, to, body, carrier?, url?, id?, extra?}: a message arrives
  DELETE /_simulate/messages                        forget everything

outcomes, by the last digits of the recipient (all others are delivered):
"""


class HelpFormatter(RawDescriptionHelpFormatter, ArgumentDefaultsHelpFormatter):
    """Shows defaults and leaves the tables as they are."""


def parser() -> ArgumentParser:
    """The options, with their defaults from ``Settings``."""
    outcomes = "\n".join(f"  ...{digits}  {outcome.meaning}" for digits, outcome in OUTCOMES.items())
    options = ArgumentParser(
        "carrier_simulator", description=carrier_simulator.__doc__, epilog=ENDPOINTS + outcomes, formatter_class=HelpFormatter
    )
    add = options.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=int, default=3001, help="port to listen on")
    add("--state", type=Path, required=True, help="folder of the ledger; a restart with the same folder goes on where it was")
    add("--accounts", type=Path, help="JSON file of accounts and numbers; absent: the packaged default_accounts.json")
    add("--webhook-base", default=Settings.webhook_base, help="base URL that inbound messages are posted to")
    add("--latency-ms", type=int, default=_ms(Settings.latency), help="time until a send request is decided")
    add(
        "--receipt-delay-ms",
        type=int,
        default=_ms(Settings.receipt_delay),
        help="time from acceptance to a receipt, and from one to the next",
    )
    add(
        "--receipt-retry-delay-ms",
        type=int,
        default=_ms(Settings.receipt_retry_delay),
        help="time until a failed webhook is tried again",
    )
    add("--receipt-concurrency", type=int, default=Settings.receipt_concurrency, help="webhooks under way at once")
    add("--lost-answer", type=float, default=Settings.lost_answer, help="seconds a connection whose answer is lost stays open")
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
        lost_answer=options.lost_answer,
    )
    # No access log: its lines would carry phone numbers.
    web.run_app(
        create_app(settings),
        host=options.host,
        port=options.port,
        access_log=None,
        shutdown_timeout=SHUTDOWN_TIMEOUT,
        print=partial(print, flush=True),
    )


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


if __name__ == "__main__":
    main()
