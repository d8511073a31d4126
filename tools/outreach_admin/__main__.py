"""``python -m outreach_admin``."""

from outreach_admin.cli import main

main()
