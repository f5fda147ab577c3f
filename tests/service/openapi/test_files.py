"""The committed description is what `./picus make_schema` writes."""

import json
from typing import Any

import pytest
from openapi_spec_validator import validate

from picus_api.openapi.generator.generate import files
from picus_api.openapi.views import FOLDER


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    """Return what the command would write now."""
    return files()


@pytest.fixture(scope="module")
def document(written: dict[str, str]) -> dict[str, Any]:
    """Return the parsed description."""
    parsed: dict[str, Any] = json.loads(written["openapi.json"])
    return parsed


@pytest.mark.parametrize("name", ["openapi.json", "openapi.yaml"])
def test_description_is_up_to_date(written: dict[str, str], name: str) -> None:
    assert (FOLDER / name).read_text() == written[name], "run: ./picus make_schema"


def test_description_conforms_to_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"] == "3.1.1"
    validate(document)


def test_every_response_is_described_and_every_error_is_json(document: dict[str, Any]) -> None:
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    for operation in operations:
        for status, response in operation["responses"].items():
            assert response["description"], operation["operationId"]
            assert "X-Request-Id" in response["headers"], operation["operationId"]
            if status >= "400" and operation["operationId"] != "isReady":
                content = response["content"]
                assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}
