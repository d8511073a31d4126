"""The OpenAPI description of the API, loaded for schemathesis."""

from __future__ import annotations

import json

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.schemas import BaseSchema

from scripts import make_openapi
from tests.support.template import ROOT

KEY = {"Authorization": "Bearer local-10000"}


def schema(*, examples: int | None = None) -> BaseSchema:
    """The committed description, with the settings of ``schemathesis.toml``.

    Args:
        examples: the number of random requests per endpoint; ``None`` keeps the number in the settings.
    """
    config = SchemathesisConfig.from_path(ROOT / "tests/contract/schemathesis.toml")
    if examples:
        config.projects.default.generation.max_examples = examples
    description = json.loads(make_openapi.TARGET.read_text())
    return schemathesis.openapi.from_dict({**description, "servers": [{"url": "/"}]}, config=config)
