"""Administration of sites, API keys, channel accounts and their secrets, on AWS or on the local stack."""
