"""Assembles the simulator's web application."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import ClientSession, web
from aiohttp.typedefs import Middleware

from carrier_simulator.accounts import load_accounts
from carrier_simulator.intake import INTAKE, LEDGER, RECEIPTS, Intake, drop_lost_responses, respond_to_errors
from carrier_simulator.ledger import Ledger
from carrier_simulator.receipts import Carrier, Receipts
from carrier_simulator.settings import Settings
from carrier_simulator.simulation import Simulation
from carrier_simulator.telnyx import Telnyx
from carrier_simulator.twilio import Twilio

LEDGER_FILE = "carrier-ledger.sqlite3"


def create_app(settings: Settings) -> web.Application:
    """Make the application. At its start it opens the ledger and resumes pending receipts."""
    accounts = load_accounts(settings.accounts)
    carriers: dict[str, Carrier] = {
        "twilio": Twilio(accounts, settings.webhook_base),
        "telnyx": Telnyx(accounts, settings.webhook_base),
    }

    async def run(app: web.Application) -> AsyncIterator[None]:
        ledger = Ledger(settings.state / LEDGER_FILE)
        async with ClientSession() as session:
            receipts = Receipts(ledger, carriers, session, settings)
            app[LEDGER], app[RECEIPTS], app[INTAKE] = ledger, receipts, Intake(ledger, receipts, settings)
            receipts.resume()
            yield
            await receipts.stop()
        ledger.close()

    app = web.Application(middlewares=[drop_lost_responses(settings.lost_response)])
    app.cleanup_ctx.append(run)
    app.router.add_get("/", _show_messages)
    for carrier in carriers.values():
        app.add_subapp(carrier.prefix, _subapp(carrier.routes(), respond_to_errors))
    app.add_subapp("/_simulate", _subapp(Simulation(accounts, carriers).routes()))
    return app


def _subapp(routes: list[web.RouteDef], *middlewares: Middleware) -> web.Application:
    subapp = web.Application(middlewares=middlewares)
    subapp.add_routes(routes)
    return subapp


async def _show_messages(_: web.Request) -> web.Response:
    """Lead a browser, which opens the address of the simulator, to what it has accepted."""
    raise web.HTTPFound("/_simulate/messages")
