"""A simulated AWS in the process, which answers at botocore's HTTP layer and counts what AWS would bill.

It supports only the operations that the benchmarks use; every other operation raises NotImplementedError.
"""
