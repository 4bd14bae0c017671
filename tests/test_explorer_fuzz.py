"""The explorer's server against requests made from its own description, and some that it does not describe."""

from __future__ import annotations

import warnings
from typing import Any

import hypothesis
import pytest

import trompe
from trompe.explorer.runs import Runs
from trompe.explorer.server import create_app

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the versions of each other that these ask for
    import schemathesis
    from schemathesis.specs.openapi.checks import positive_data_acceptance
    from schemathesis.transport.serialization import Binary

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")
EXAMPLES, MANY = 12, 1000
"""Of each operation."""
ROW = 4 * 64
"""Bytes of an image of 8x8."""
RUNS = Runs([])
DESCRIBED = schemathesis.openapi.from_asgi("/openapi.json", create_app(RUNS), headers={"host": "localhost"})
SETTINGS = {"deadline": None, "suppress_health_check": list(hypothesis.HealthCheck), "derandomize": True}


@pytest.fixture(scope="module", autouse=True)
def known(vae_run: trompe.Run, class_run: trompe.Run, gan_run: trompe.Run) -> None:
    RUNS.given = tuple(run.folder for run in (vae_run, class_run, gan_run))


def check(case: Any) -> None:
    """No request is answered with an error of the server's, or with what the description does not allow.

    What it describes is still refused where it does not fit the model: the length of a body, a label.
    """
    given = str(case.path_parameters.get("name", ""))
    if "name" in case.path_parameters and len(given) % 4:  # else nearly none would meet a run,
        case.path_parameters["name"] = list(RUNS.folders())[len(given) % 3]
    if isinstance(case.body, Binary) and case.meta.generation.mode.is_positive and len(given) % 5:
        # or be of whole rows and of weights that are there
        case.body, case.query = Binary(case.body.data * ROW), {"label": 3} if len(given) % 3 == 1 else {}
    answer = case.call(headers={"host": "localhost"})
    case.validate_response(answer, excluded_checks=[positive_data_acceptance])
    if answer.status_code >= 400:
        assert isinstance(answer.json()["detail"], str)


@DESCRIBED.parametrize()
@hypothesis.settings(max_examples=EXAMPLES, **SETTINGS)
def test_requests_made_from_the_description(case: Any) -> None:
    check(case)


@pytest.mark.fuzz
@DESCRIBED.parametrize()
@hypothesis.settings(max_examples=MANY, **SETTINGS)
def test_many_requests_made_from_the_description(case: Any) -> None:
    check(case)
