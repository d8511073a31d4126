"""AWS inside the process: answers at botocore's HTTP layer, and counts what AWS would bill.

Only what the benchmarks' way through the system calls is there; anything else raises.
"""
