"""List prices in US dollars: us-east-1, November 2026, on demand, arm64, beyond free tiers.

Sources: the pricing pages of DynamoDB, Lambda, SQS, Step Functions, S3, API Gateway and CloudWatch.
"""

MILLION = 1_000_000

WRITE_UNIT = 0.625 / MILLION
READ_UNIT = 0.125 / MILLION
# A standard queue with message groups ("fair queues") costs a quarter more.
SQS_REQUEST = 0.50 / MILLION
LAMBDA_REQUEST = 0.20 / MILLION
LAMBDA_GB_SECOND = 0.0000133334
STATE_TRANSITION = 25.0 / MILLION
S3_PUT = 5.0 / MILLION
S3_GET = 0.40 / MILLION
HTTP_API_REQUEST = 1.0 / MILLION
LOG_BYTE = 0.50 / 1e9
