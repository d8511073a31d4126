"""The command line ``outreach-admin``: its options, and what it prints when a command fails."""

from __future__ import annotations

import os
import sys
from typing import Annotated, NoReturn

import requests
import typer
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)
from botocore.parsers import ResponseParserError
from rich.console import Console

from outreach import aws_errors
from outreach.errors import OutreachError
from outreach_admin import (
    account_commands,
    callback_secret_commands,
    campaign_commands,
    data_commands,
    deployment,
    import_command,
    key_commands,
    opt_out_commands,
    sending_commands,
    site_commands,
)
from outreach_admin.options import Command
from outreach_admin.output import Output

# The names of AWS's services for credentials that are expired, unknown or wrong.
_REFUSED_CREDENTIALS = {
    *("ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "UnrecognizedClientException"),
    *("SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature", "AuthFailure"),
    *("InvalidAccessKeyId", "MissingAuthenticationToken"),
}

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode="markdown")
app.add_typer(site_commands.site, name="site")
app.add_typer(key_commands.key, name="key")
app.add_typer(account_commands.account, name="account")
app.add_typer(callback_secret_commands.callback_secret, name="callback-secret")
app.add_typer(opt_out_commands.opt_out, name="optout")
app.add_typer(campaign_commands.campaign, name="campaign")
data_commands.add_to(app)
app.command("import", cls=Command)(import_command.import_file)
sending_commands.add_to(app)


@app.callback()
def main_options(
    context: typer.Context,
    stack: Annotated[
        str, typer.Option(envvar="OUTREACH_STACK", help="Name of the CloudFormation stack.")
    ] = "outreach",  # read by StackCommand
    endpoint_url: Annotated[
        str | None, typer.Option(envvar="AWS_ENDPOINT_URL", help="URL of the AWS endpoint, for a local stack.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Administer the sites, API keys, channel accounts and secrets of a stack, and operate the stack.

    Uses the AWS credentials and region of the environment, like the AWS CLI. Reads secrets from standard input and never prints
    them again. Exits with 0 after success, 1 after a failed command, 2 after a wrong command line. `--json` may also follow a
    command.

    Examples:

        outreach-admin site put 10000 --default-region GB

        outreach-admin key create 10000 --name reporting --scope contact:read --scope outreach:read

        pass twilio/token | outreach-admin account put 10000 --carrier twilio --number +15005550006 --carrier-account AC…

        outreach-admin redrive SendQueue --dry-run

        outreach-admin --stack outreach --endpoint-url http://127.0.0.1:4566 --json site list
    """
    deployment.choose_region()
    if endpoint_url:
        os.environ["AWS_ENDPOINT_URL"] = endpoint_url
    context.obj = Output(as_json)


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run a command and exit.

    Args:
        arguments: the command line; by default that of this process.
    """
    try:
        app(arguments, prog_name="outreach-admin")
    except requests.RequestException as error:
        # Not the error's own text: it may contain a signed URL.
        _print_error(f"The server cannot be reached ({type(error).__name__}). Check the URL and the network, then try again.")
    except ResponseParserError:
        _print_error("The AWS endpoint does not answer as AWS does. Check AWS_ENDPOINT_URL and the proxy, then try again.")
    except ClientError as error:
        _print_error(f"{str(error).removesuffix('.')}.{_hint(error)}")
    except (NoCredentialsError, PartialCredentialsError) as error:
        _print_error(f"{error}. Sign in to AWS, then set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
    except NoRegionError:
        _print_error("No region is given. Set AWS_REGION to the region of the stack.")
    except EndpointConnectionError as error:
        _print_error(f"{error}. Check the region, the network and, for a local stack, AWS_ENDPOINT_URL and that it runs.")
    except (OutreachError, ValueError, OSError, RuntimeError, BotoCoreError) as error:
        _print_error(str(error))
    sys.exit(1)


def _hint(error: ClientError) -> str:
    """Return what to do about an error of AWS, after a space, or nothing."""
    code = error.response["Error"]["Code"]
    if deployment.is_missing(error):
        return " Check OUTREACH_STACK (or --stack), the region and the credentials."
    if code in _REFUSED_CREDENTIALS:
        return " Sign in to AWS again, or set other credentials. If they are new, check the clock of this machine."
    if aws_errors.concerns_a_resource(code) or "KMS" in str(error):
        return ' A table, queue or key of the stack is missing or disabled: docs/operations.md, "A deleted table, queue or key".'
    if "AccessDenied" in code:
        return " These credentials may not do this. Use those of the stack's operators, and check that the account is right."
    return " Try again in a minute." if aws_errors.is_transient(error) else ""


def _print_error(text: str) -> None:
    Console(stderr=True).print(text, markup=False, highlight=False, soft_wrap=True)


if __name__ == "__main__":
    main()
