"""Outreach: contacts, campaigns, messages, the outbound channel to the carriers, and signed callbacks.

Imports point inward: function → domain module → store or client. Sub-packages are domains, not technical kinds; each knows only
those before it: sites, http, contacts, messages, sending, campaigns, ticketing, correspondence, callbacks, delivery, unichannel.
"""

import gc

# What importing makes is no garbage. By default the collector looks for some among it a hundred times, which takes a sixth of a
# cold start's CPU time; with this it first looks when there are about twice as many objects as a function's modules make.
gc.set_threshold(100_000, 10, 10)
