"""The main job end to end: a sample campaign sent through the simulated carriers, on the local stack, by the public API."""
