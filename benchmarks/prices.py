"""List prices in US dollars: us-east-1, November 2026, on demand, arm64, without free tiers, first tier of tiered prices.

Sources: the services' pricing pages below https://aws.amazon.com. Where a page does not show its prices as text, the price is the
one that other sources quoted from it in 2026.
"""

MILLION = 1_000_000

# /dynamodb/pricing/on-demand: standard tables; halved on 2024-11-01. A read unit is a strongly consistent read of 4 KB.
WRITE_UNIT = 0.625 / MILLION
READ_UNIT = 0.125 / MILLION
# /sqs/pricing: 0.40 for a standard queue, and 0.10 more where messages have groups ("fair queues", since July 2025).
SQS_REQUEST = 0.50 / MILLION
# /lambda/pricing: arm64, up to 7.5 billion GB-seconds a month.
LAMBDA_REQUEST = 0.20 / MILLION
LAMBDA_GB_SECOND = 0.0000133334
# /step-functions/pricing: standard workflows, 0.025 for a thousand.
STATE_TRANSITION = 25.0 / MILLION
# /s3/pricing: standard storage, 0.005 and 0.0004 for a thousand.
S3_PUT = 5.0 / MILLION
S3_GET = 0.40 / MILLION
# /api-gateway/pricing: HTTP APIs, up to 300 million requests a month.
HTTP_API_REQUEST = 1.0 / MILLION
# /ec2/pricing/on-demand, "Data Transfer": to the internet, up to 10 TB a month.
BYTE_OUT = 0.09 / 1e9
# /dynamodb/pricing/on-demand: a GB and month of storage, and of its continuous backup (PITR).
STORED_BYTE, BACKED_UP_BYTE = 0.25 / 1e9, 0.20 / 1e9
# /cloudwatch/pricing: standard logs, ingested.
LOG_BYTE = 0.50 / 1e9
