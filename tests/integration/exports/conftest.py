"""Exports use the fixtures of imports."""

from tests.integration.contacts.conftest import _sites as _sites
from tests.integration.imports.conftest import _event_driven_functions as _event_driven_functions
