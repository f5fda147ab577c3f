"""The API's description, and the page that shows it: served whole, from this domain alone."""

import json
import re
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from tests.contract.client import Client
from tests.contract.exact import Response
from tests.contract.expect import BROWSER, assert_error, assert_json, assert_method_refused, assert_request_id
from tests.contract.test_browsable import Page

JSON_NAMES = ["application/json", "application/vnd.oai.openapi+json"]
YAML_NAMES = ["application/yaml", "application/vnd.oai.openapi"]
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def described(client: Client) -> dict[str, Any]:
    """Return the OpenAPI description with plain values."""
    response = client.request("GET", "/schema/")
    assert response.status == 200, response
    document: dict[str, Any] = json.loads(response.body)
    return document


def get(client: Client, target: str, accept: str) -> Response:
    response = client.request("GET", target, headers={"Accept": accept})
    assert_request_id(response)
    return response


def test_schema_is_openapi_3_1(client: Client) -> None:
    assert_json(client.request("GET", "/schema/"))
    assert described(client)["openapi"].startswith("3.1.")


@pytest.mark.parametrize("accept", JSON_NAMES)
def test_json_is_sent_for_each_of_its_media_types(client: Client, accept: str) -> None:
    response = get(client, "/schema/", accept)
    assert (response.status, response.media_type) == (200, accept)
    assert json.loads(response.body) == described(client)


@pytest.mark.parametrize("accept", YAML_NAMES)
def test_yaml_is_sent_for_each_of_its_media_types(client: Client, accept: str) -> None:
    response = get(client, "/schema/", accept)
    assert (response.status, response.media_type) == (200, accept)
    assert response.body.startswith(b"openapi: 3.1.")


def test_format_parameter_selects_yaml_or_json(client: Client) -> None:
    assert get(client, "/schema/?format=yaml", BROWSER).media_type == "application/yaml"
    assert get(client, "/schema/?format=json", "application/yaml").media_type == "application/json"
    assert_error(client.request("GET", "/schema/?format=xml"), 406)
    assert_error(client.request("GET", "/schema/?format="), 406)


def test_other_types_and_methods_are_refused_in_json(client: Client) -> None:
    assert_error(get(client, "/schema/", "image/png"), 406)
    for accept in YAML_NAMES:
        assert_method_refused(client.request("DELETE", "/schema/", headers={"Accept": accept}), "GET")
    assert_method_refused(client.request("POST", "/docs/"), "GET")


def test_schema_is_cached_by_etag(client: Client) -> None:
    tag = client.request("GET", "/schema/").header("ETag")
    assert tag
    response = client.request("GET", "/schema/", headers={"If-None-Match": tag})
    assert (response.status, response.body) == (304, b"")


@pytest.mark.parametrize("target", ["/schema", "/schema/", "/docs", "/docs/"])
def test_schema_with_slash_and_head_work(client: Client, target: str) -> None:
    assert client.request("GET", target).status == 200
    head = client.request("HEAD", target)
    assert (head.status, head.body) == (200, b"")
    assert client.request("OPTIONS", target).status in (200, 204)


def test_root_links_to_schema_and_docs(client: Client) -> None:
    response = client.request("GET", "/")
    assert {"GET /schema/", "GET /docs/"} <= set(response.object.values())
    link = response.header("Link") or ""
    assert '</schema/>; rel="service-desc"' in link
    assert '</docs/>; rel="service-doc"' in link


def test_every_path_serves_what_is_described(client: Client) -> None:
    for path, operations in described(client)["paths"].items():
        allow = client.request("OPTIONS", path.replace("{key}", "absent")).allow
        assert allow & METHODS == {method.upper() for method in operations}, path


def test_the_page_loads_from_this_domain_alone(client: Client) -> None:
    page = Page(client.request("GET", "/docs/", headers={"Accept": BROWSER}))
    assets = page.values("src", "script", "img", "iframe") + page.values("href", "link")
    targets = [urlsplit(urljoin("/docs/", asset)) for asset in assets if not asset.startswith("data:")]
    assert {target.netloc for target in targets} == {""}
    assert not re.search(r"https?://", page.text)
    assert "/schema/" in page.values("data-schema", "div")
    kinds = set()
    for target in targets:
        response = client.request("GET", target.path)
        assert response.status == 200, response
        assert response.body
        kinds.add(response.media_type)
    assert kinds >= {"text/css", "text/javascript"}


def test_the_page_may_load_nothing_else(client: Client) -> None:
    response = client.request("GET", "/docs/")
    policy = response.header("Content-Security-Policy") or ""
    assert "default-src 'self'" in policy
    assert "http" not in policy
    page = Page(response)
    # The policy allows no script inside of the page.
    assert all(attributes.get("src") for tag, attributes in page.tags if tag == "script")
