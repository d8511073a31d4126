"""Outreach: contacts, campaigns, messages, the outbound channel to the carriers, and signed callbacks.

Imports point inward: function → domain module → store or client. Sub-packages are domains, not technical kinds; each knows only
those before it: sites, http, contacts, messages, sending, campaigns, ticketing, correspondence, callbacks, delivery, unichannel.
"""
