"""The committed description: what `manage.py make_schema` would write now."""

import pytest
from openapi_spec_validator import validate

from picus_api.documentation import FOLDER
from picus_project.openapi.generator import description, files


@pytest.mark.parametrize("name", ["openapi.json", "openapi.yaml"])
def test_the_description_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).read_text() == files()[name], "run: .venv/bin/python manage.py make_schema"


def test_it_conforms_to_openapi_3_1() -> None:
    document = description()
    assert document["openapi"] == "3.1.1"
    validate(document)


def test_every_answer_has_a_description_and_every_error_the_one_shape() -> None:
    operations = [operation for path in description()["paths"].values() for operation in path.values()]
    for operation in operations:
        for status, response in operation["responses"].items():
            assert response["description"], operation["operationId"]
            assert "X-Request-Id" in response["headers"], operation["operationId"]
            if status >= "400" and operation["operationId"] != "isReady":
                content = response["content"]
                assert content["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}
