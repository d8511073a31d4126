"""A site cannot see another site's data."""

from __future__ import annotations

from local_stack.seeds import ACCOUNTS

from tests.support.client import Client

CAMPAIGN = {"name": "Ours", "channel": "sms", "channelAccountId": ACCOUNTS[0][0].id, "message": "Hello"}
LISTS = {"/contact/contacts": "contacts", "/outreach/campaigns": "campaigns", "/outreach/messages": "messages"}


def test_a_key_cannot_read_another_sites_data(site: Client, other_site: Client) -> None:
    identity = {"type": "SMS", "value": "+12125555001"}
    contact = site.post("/contact/contacts", {"name": "Ours", "contactIdentities": [identity]})
    campaign = site.post("/outreach/campaigns", CAMPAIGN)
    sent = {key: CAMPAIGN[key] for key in ("channel", "channelAccountId", "message")} | {"contactId": contact["id"]}
    message = site.post("/outreach/messages", sent)

    for path, item in zip(LISTS, (contact, campaign, message), strict=True):
        site.get(f"{path}/{item['id']}")
        other_site.ask("GET", f"{path}/{item['id']}", 404)
        assert other_site.get(path)[LISTS[path]] == []
    assert other_site.post("/contact/contacts:query", {})["contacts"] == []
    assert other_site.post("/contact/contactIdentities:identify", {"value": identity["value"]}) == []
    other_site.ask("GET", "/contact/contacts?siteId=10000", 403)
    other_site.ask("POST", f"/outreach/campaigns/{campaign['id']}:send", 404)
