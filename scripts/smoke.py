"""Tries a deployed stack through its API, and prints what of AWS works that no local stack can show.

Uses the AWS credentials and region of the environment. Makes a key in a site of its own, and revokes it at the end. With a
channel account and a number, it also sends a campaign to that number.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlsplit

import boto3
import requests
import typer
from outreach_admin import admin, deployment

from outreach import __version__, s3
from outreach.settings import settings
from outreach.sites import site_store
from outreach.sites.models import Site

SITE = "smoke"
SCOPES = frozenset({"contact:read", "contact:write", "outreach:read", "outreach:write", "outreach:send"})
# A function that starts in a container on a busy machine takes this long; API Gateway answers earlier.
TIMEOUT_SECONDS = 120
# How long a message of one recipient may take until its carrier has accepted it.
SEND_SECONDS = 300
# What a version of a function keeps as it was published.
PUBLISHED = ("CodeSha256", "Layers", "Environment")
# What every answer has, those of the gateway itself included (docs/api.md, "JSON and HTTP").
HEADERS = ("X-Request-Id", "X-Content-Type-Options", "Strict-Transport-Security")
STAGE = "v1"
# In base64 it exceeds what Lambda accepts (6 MB), so the gateway must refuse it (docs/api.md, "JSON and HTTP": at most 4.5 MB).
TOO_LARGE_BYTES = 5_000_000


def main(
    stack: str,
    account: Annotated[str, typer.Option(help="a channel account that sends, as SITE/ID")] = "",
    to: Annotated[str, typer.Option(help="the number that it sends to")] = "",
) -> None:
    """Try a stack; stop at the first thing that does not work.

    Raises:
        RuntimeError: the stack does not do what it should; the message says what.
        requests.RequestException: the API does not answer, or answers with an error.
        botocore.exceptions.ClientError: the stack does not exist or may not be read.
    """
    deployment.choose_region()
    deployment.enter(stack)
    (described,) = boto3.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in described["Outputs"]}
    base = outputs["ApiUrl"]
    parameters = {entry["ParameterKey"]: entry["ParameterValue"] for entry in described.get("Parameters", [])}
    with temporary_key(SITE) as key:
        for sentence, check in checks(stack, base, key, parameters).items():
            check()
            print(f"ok  {sentence}")
    if account and to:
        site_id, _, account_id = account.partition("/")
        with temporary_key(site_id) as key:
            print(f"ok  a campaign reaches {check_send(base, key, account_id, to)}")
    print(f"{stack} works at {base}")


def checks(stack: str, base: str, key: str, parameters: dict[str, str]) -> dict[str, Callable[[], None]]:
    """Return the checks, each by the sentence that is true when it raises no error."""
    return {
        f"version {__version__} runs": partial(check_version, base, key),
        "a contact is created, read and deleted": partial(check_contact_round_trip, base, key),
        "errors of the gateway look like all others": partial(check_gateway_errors, base),
        "an address without a path is an error like all others": partial(check_root, base),
        "a body that is too large is refused": partial(check_large_body, base, key),
        "%3A in a path equals a colon": partial(check_encoded_verb, base, key),
        "a file is read by a presigned URL": check_presigned_url,
        "the gateway's limits are the parameters'": partial(check_limits, boto3.client, stack, parameters),
        "every alias serves its function's newest code and settings": partial(check_aliases, boto3.client, stack),
        "the tables have the operator's key": partial(check_key, parameters.get("KmsKeyArn", "")),
    }


@contextmanager
def temporary_key(site_id: str = SITE) -> Iterator[str]:
    """Make a key of a site, and revoke it at the end. The site `SITE` is made, too."""
    if site_id == SITE:
        admin.put_site(Site(SITE))
    key = admin.new_api_key()
    key_id = admin.put_api_key(site_store.get_site(site_id).id, "smoke", key, SCOPES)
    try:
        yield key
    finally:
        admin.revoke_api_key(site_id, key_id)


def check_version(base: str, key: str) -> None:
    """Check that the API at a base URL has the version of this checkout.

    Raises:
        RuntimeError: it has another one.
    """
    answer = requests.get(f"{base}/site", headers=_headers(key), timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    # Releases before 0.2.0 do not say their version.
    if (version := answer.json().get("version")) != __version__:
        raise RuntimeError(
            f"The API has version {version}, this checkout {__version__}. Deploy this checkout, or check out that version."
        )


def check_contact_round_trip(base: str, key: str) -> None:
    """Create a contact, read it back and delete it. Check that the authorizer refuses an unknown key.

    Raises:
        RuntimeError: the contact is another one than was created, or an unknown key may read it.
    """
    body = {"name": "Smoke", "contactIdentities": [{"type": "email", "value": f"{uuid.uuid4()}@example.com"}]}
    created = requests.post(f"{base}/contact/contacts", json=body, headers=_headers(key), timeout=TIMEOUT_SECONDS)
    created.raise_for_status()
    url = f"{base}/contact/contacts/{created.json()['id']}"
    fetched = requests.get(url, headers=_headers(key), timeout=TIMEOUT_SECONDS)
    unauthorized = requests.get(url, headers=_headers("nobody"), timeout=TIMEOUT_SECONDS)
    requests.delete(url, headers=_headers(key), timeout=TIMEOUT_SECONDS).raise_for_status()
    fetched.raise_for_status()
    if fetched.json() != created.json() or unauthorized.status_code != requests.codes.unauthorized:
        raise RuntimeError("The contact read differs from the contact created, or an unknown key may read it.")


def check_gateway_errors(base: str) -> None:
    """Check that the gateway answers what it refuses itself in the form of all errors.

    These are a missing and an unknown key, an unknown path and another method of a path. The type of each error must lead to its
    explanation.

    Raises:
        RuntimeError: it does not.
    """
    nobody = _headers("nobody")
    _check_error(base, "GET", "/site", {}, {401})
    _check_error(base, "GET", "/site", nobody, {401})
    _check_error(base, "GET", "/no/such/path", {}, {404})
    _check_error(base, "PATCH", "/site", nobody, {405})


def check_root(base: str) -> None:
    """Check that the gateway refuses the one path that not even its catch-all route has.

    There API Gateway takes a key for a signature of AWS. Its documentation does not say to which of its errors that leads. The
    method is POST, because the local stack leads a browser from there to the console.

    Raises:
        RuntimeError: it does not, or in another form than all errors have.
    """
    _check_error(base, "POST", "/", _headers("nobody"), {400, 404})


def check_large_body(base: str, key: str) -> None:
    """Check that a body which Lambda does not take is refused in the form of all errors.

    Raises:
        RuntimeError: it is not.
    """
    _check_error(base, "POST", "/contact/contacts", _headers(key), {413}, body=b" " * TOO_LARGE_BYTES)


def _check_error(base: str, method: str, path: str, headers: Mapping[str, str], statuses: set[int], body: bytes = b"") -> None:
    answer = requests.request(method, base + path, headers=headers, data=body, timeout=TIMEOUT_SECONDS)
    missing = [name for name in HEADERS if name not in answer.headers]
    media_type = answer.headers.get("Content-Type", "")
    if answer.status_code not in statuses or missing or not media_type.startswith("application/problem+json"):
        raise RuntimeError(
            f"{method} {path}: status {answer.status_code}, {media_type}, without {missing}; expected {sorted(statuses)}."
        )
    problem = answer.json()
    if problem.get("status") != answer.status_code:
        raise RuntimeError(f"{method} {path}: the body says status {problem.get('status')}, the answer {answer.status_code}.")
    explanation = requests.get(problem["type"], timeout=TIMEOUT_SECONDS)
    if f'id="{problem["code"]}"' not in explanation.text:
        raise RuntimeError(
            f"{method} {path}: {problem['type']} has status {explanation.status_code} and does not explain {problem['code']}."
        )


def check_encoded_verb(base: str, key: str) -> None:
    """Check that an encoded colon leads to the verb, decoded by the gateway or by a redirect.

    Raises:
        RuntimeError: it does not.
    """
    url = f"{base}/contact/contacts%3Aquery"
    answer = requests.post(url, json={}, headers=_headers(key), timeout=TIMEOUT_SECONDS, allow_redirects=False)
    is_decoded = answer.headers.get("Location", "").endswith("/contact/contacts:query")
    if answer.status_code != requests.codes.ok and not (answer.status_code == requests.codes.permanent_redirect and is_decoded):
        raise RuntimeError(f"POST {url}: status {answer.status_code}; expected 200, or 308 to the decoded path.")


def check_presigned_url() -> None:
    """Check that a file is read from its bucket by a presigned URL, in the region of the stack.

    Raises:
        RuntimeError: it is not.
    """
    key, content = f"exports/{SITE}/{uuid.uuid4()}", b"smoke"
    s3.files().put(key, content)
    url = s3.files().download_url(key)
    answer = requests.get(url, timeout=TIMEOUT_SECONDS)
    s3.files().delete_all([key])
    if answer.content != content:
        raise RuntimeError(f"{urlsplit(url).hostname} answers a presigned URL with status {answer.status_code}.")


def check_limits(client: Callable[[Any], Any], stack: str, parameters: Mapping[str, str]) -> None:
    """Check that the API's stage has the limits that the parameters of the stack name, and that it is the only one.

    Args:
        client: makes a boto3 client from the name of a service.
        stack: the name of the stack.
        parameters: the parameters of the stack.

    Raises:
        RuntimeError: it has others, or none; or another stage accepts requests without them.
    """
    resource = client("cloudformation").describe_stack_resource(StackName=stack, LogicalResourceId="Api")
    api_id = resource["StackResourceDetail"]["PhysicalResourceId"]
    stages = {stage["stageName"]: stage for stage in client("apigateway").get_stages(restApiId=api_id)["item"]}
    found = stages[STAGE].get("methodSettings", {}).get("*/*", {}).get("throttlingRateLimit", 0)
    if float(parameters["ApiRateLimit"]) != found:
        raise RuntimeError(f"The API is limited to {found} requests a second, the parameter says {parameters['ApiRateLimit']}.")
    for name in sorted(stages.keys() - {STAGE}):
        raise RuntimeError(
            f"The API can also be reached at its stage {name}, without limits. An earlier release made it. Delete it: "
            f"aws apigateway delete-stage --rest-api-id {api_id} --stage-name {name}"
        )


def check_aliases(client: Callable[[Any], Any], stack: str) -> None:
    """Check that the functions with an alias serve what was deployed last.

    Args:
        client: makes a boto3 client from the name of a service.
        stack: the name of the stack.

    Raises:
        RuntimeError: an alias has a version of before.
    """
    pages = client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    entries = [entry for page in pages for entry in page["StackResourceSummaries"]]
    for alias in [entry["PhysicalResourceId"] for entry in entries if entry["ResourceType"] == "AWS::Lambda::Alias"]:
        describe = client("lambda").get_function_configuration
        served, newest = describe(FunctionName=alias), describe(FunctionName=alias.rpartition(":")[0])
        if any(served.get(part) != newest.get(part) for part in PUBLISHED):
            raise RuntimeError(
                f"{alias} serves version {served['Version']}, and its function has changed since. "
                "Publish a version and point the alias to it (docs/deploy.md, Point an alias to another version)."
            )


def check_key(kms_key: str) -> None:
    """Check that the messages are encrypted with the operator's key, if the stack has one.

    Raises:
        RuntimeError: they are not.
    """
    table = boto3.client("dynamodb").describe_table(TableName=settings().messages_table)["Table"]
    found = table.get("SSEDescription", {}).get("KMSMasterKeyArn", "")
    if kms_key and found != kms_key:
        raise RuntimeError(f"The messages are encrypted with {found or 'a key of AWS'}, the parameter says {kms_key}.")


def check_send(base: str, key: str, account_id: str, to: str) -> str:
    """Send a campaign to one number, as the README does, and wait until the carrier has decided.

    Returns:
        The number, and how many messages the record has of each status.

    Raises:
        RuntimeError: the preview has another audience, or the carrier has not accepted the message in time.
    """
    api = _Api(base, key)
    identities, company = [{"type": "SMS", "value": to}], f"Smoke {uuid.uuid4()}"
    contact = api.post(
        "/contact/contacts", {"name": "Smoke", "contactIdentities": identities, "customFields": {"company": company}}
    )
    try:
        return f"{to}: {_send(api, account_id, company)}"
    finally:
        api.request("DELETE", f"/contact/contacts/{contact['id']}")


def _send(api: _Api, account_id: str, company: str) -> dict[str, Any]:
    condition = {"fieldName": "company", "operator": "is", "value": company, "order": 1}
    campaign = {"name": "Smoke", "channel": "sms", "channelAccountId": account_id, "message": "Outreach works."}
    path = f"/outreach/campaigns/{api.post('/outreach/campaigns', campaign | {'contactFilterConditions': [condition]})['id']}"
    if (audience := api.post(f"{path}:preview")["audience"]) != 1:
        raise RuntimeError(f"The preview of a campaign to one contact has an audience of {audience}.")
    record = api.post(f"{path}:send")
    deadline = time.monotonic() + SEND_SECONDS
    while record["status"] in ("pending", "running"):
        if time.monotonic() > deadline:
            raise RuntimeError(f"The record {record['id']} is still {record['status']} after {SEND_SECONDS} seconds.")
        time.sleep(1)
        record = api.get(f"/outreach/campaignRecords/{record['id']}")
    counts: dict[str, Any] = record["counts"]
    if record["status"] != "completed" or counts["failed"] or counts["skipped"]:
        raise RuntimeError(f"The record {record['id']} is {record['status']}: {counts}.")
    return {status: number for status, number in counts.items() if number}


@dataclass(frozen=True)
class _Api:
    """The API with a key."""

    base: str
    key: str

    def request(self, method: str, path: str, body: Any = None) -> requests.Response:
        answer = requests.request(method, self.base + path, json=body, headers=_headers(self.key), timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        return answer

    def get(self, path: str) -> Any:
        return self.request("GET", path).json()

    def post(self, path: str, body: Any = None) -> Any:
        return self.request("POST", path, body).json()


def _headers(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


if __name__ == "__main__":
    typer.run(main)
