"""Command line for administrators and operators: sites, keys, channel accounts, opt-outs, dead letters, exports and restores."""
