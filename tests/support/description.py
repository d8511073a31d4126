"""The description of the API as schemathesis tries it."""

from __future__ import annotations

import json

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.schemas import BaseSchema

from scripts import make_openapi
from tests.support.template import ROOT

KEY = {"Authorization": "Bearer local-10000"}


def schema(*, examples: int | None = None) -> BaseSchema:
    """The committed description, to be tried as ``schemathesis.toml`` says; with fewer random ``examples`` of each endpoint."""
    config = SchemathesisConfig.from_path(ROOT / "tests/contract/schemathesis.toml")
    if examples:
        config.projects.default.generation.max_examples = examples
    return schemathesis.openapi.from_dict(json.loads(make_openapi.TARGET.read_text()), config=config)
