"""The transport in the place of PynamoDB's botocore client.

PynamoDB 6.1 keeps its client in `Connection._client` (private: the version is pinned, and
test_pynamodb_client.py pins what is used of it): `_make_api_call(operation, arguments)`, `_request_signer`,
and `meta` for its repr.
"""

from types import SimpleNamespace
from typing import Any, Protocol, cast

from picus_api.core.dynamodb.dynamodb_errors import ServiceError
from picus_api.core.dynamodb.transport import Transport
from picus_api.core.dynamodb.wire_json import decode, restore_binary


class PynamoConnection(Protocol):
    """What this needs of pynamodb.connection.Connection, which only models.py may import."""

    _client: Any


class TransportClient:
    """What PynamoDB uses of a botocore client, over the transport."""

    _request_signer = None  # PynamoDB would build a new client if this had no credentials; ours finds its own

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        endpoint = transport.endpoint
        self.meta = SimpleNamespace(endpoint_url=endpoint.url, region_name=endpoint.region)

    def _make_api_call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Carry out one operation; raise a ServiceError (a ClientError) or a NoAnswer (a BotoCoreError)."""
        try:
            answer = self.transport.call(operation, arguments)
        except ServiceError as error:
            restore_binary(cast(dict[str, Any], error.response))
            raise
        result = decode(answer.body)
        result["ResponseMetadata"] = {
            "RequestId": answer.request_id,
            "HTTPStatusCode": 200,
            "RetryAttempts": answer.attempts - 1,
        }
        return result


def use_transport(connection: PynamoConnection, transport: Transport) -> None:
    """Make a PynamoDB connection (a model's is `Model._get_connection().connection`) use the transport."""
    connection._client = TransportClient(transport)
