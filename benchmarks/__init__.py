"""What a message costs and how long it takes, counted and measured: ``python -m benchmarks``."""
