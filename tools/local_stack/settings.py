"""Settings of a local stack, with the defaults of `make run`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PROJECT = Path(__file__).resolve().parents[2]
STACK_NAME = "outreach"
REGION = "us-east-1"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Ports, addresses and the state directory of one local stack; everything binds to loopback."""

    port: int = 3000
    aws_port: int = 4566
    carrier_port: int = 3001
    state_dir: Path = PROJECT / ".local"
    twilio_base_url: str = ""
    telnyx_base_url: str = ""
    iam: bool = True
    sweep_rate: str = "rate(1 minute)"
    # The simulated carriers list a message at once, so nobody needs to wait ten minutes for an outcome.
    outcome_checks: str = "5,20,60"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the documented environment variables of `make run`. An empty variable counts as unset.

        Raises:
            ValueError: a port is not a number from 1 to 65535 or is named twice, or `IAM` is neither `on` nor `off`.
        """

        def port(name: str, default: int) -> int:
            text = environment.get(name) or str(default)
            if not text.isdecimal() or not 1 <= int(text) <= 65535:
                raise ValueError(f"{name} must be a port from 1 to 65535, not {text!r}")
            return int(text)

        iam = (environment.get("IAM") or "on").lower()
        if iam not in ("on", "off"):
            raise ValueError(f"IAM must be on or off, not {iam!r}")
        defaults = {"PORT": cls.port, "AWS_LOCAL_PORT": cls.aws_port, "CARRIER_PORT": cls.carrier_port}
        ports = {name: port(name, default) for name, default in defaults.items()}
        if len(set(ports.values())) < len(ports):
            raise ValueError(f"the ports must differ: {', '.join(f'{name} is {number}' for name, number in ports.items())}")
        return cls(
            port=ports["PORT"],
            aws_port=ports["AWS_LOCAL_PORT"],
            carrier_port=ports["CARRIER_PORT"],
            state_dir=Path(environment.get("STATE_DIR") or cls.state_dir).resolve(),
            twilio_base_url=environment.get("TWILIO_BASE_URL", ""),
            telnyx_base_url=environment.get("TELNYX_BASE_URL", ""),
            iam=iam == "on",
        )

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def aws_endpoint(self) -> str:
        return f"http://127.0.0.1:{self.aws_port}"

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.carrier_port}"

    @property
    def needs_simulator(self) -> bool:
        """Whether a carrier has no base URL, so that the simulator takes its place."""
        return not (self.twilio_base_url and self.telnyx_base_url)

    @property
    def aws_state(self) -> Path:
        """Folder with the state of the local AWS. MiniStack writes it when it stops."""
        return self.state_dir / "aws"

    @property
    def objects(self) -> Path:
        """Folder with the S3 objects of the local AWS."""
        return self.state_dir / "s3"

    @property
    def logs(self) -> Path:
        return self.state_dir / "logs"

    def aws_environment(self) -> dict[str, str]:
        """Return the variables that point AWS SDKs to this local stack only."""
        return {
            "AWS_ENDPOINT_URL": self.aws_endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            # Keep the developer's own profiles out.
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
        }

    def stack_parameters(self, runtime: str, architecture: str) -> dict[str, str]:
        """Return the template's parameters for this machine."""
        return {
            "PythonRuntime": runtime,
            "Architecture": architecture,
            "SweepRate": self.sweep_rate,
            # Each worker is a process here, and its start occupies a processor for a second.
            "WorkerConcurrency": "2",
            "OutcomeChecks": self.outcome_checks,
            "PublicBaseUrl": self.base_url,
            "TwilioBaseUrl": self.twilio_base_url or self.simulator_url,
            "TelnyxBaseUrl": self.telnyx_base_url or self.simulator_url,
        }
