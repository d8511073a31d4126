"""Benchmarks that measure the cost of a message and the time that it takes: ``python -m benchmarks``."""
