"""Sends a sample campaign through the public API of a local stack to the simulated carriers, and checks the outcome."""
