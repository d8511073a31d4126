"""Runs the whole system on this machine: a local AWS with the real stack, the carrier simulator, and one short base URL."""

from local_stack.processes import LocalStackError
from local_stack.settings import Settings
from local_stack.stack import LocalStack

__all__ = ["LocalStack", "LocalStackError", "Settings"]
