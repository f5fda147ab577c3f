"""The asynchronous alternative: Starlette and aiobotocore's client, under uvicorn with uvloop and httptools."""

import os
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import simplejson
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

TABLE = os.environ["DYNAMODB_TABLE_NAME"]
_from_wire = TypeDeserializer().deserialize
_to_wire = TypeSerializer().serialize


@asynccontextmanager
async def _client(app: Starlette) -> AsyncIterator[None]:
    # The default pool of 10 connections would be the limit with 32 clients.
    config = AioConfig(max_pool_connections=64)
    endpoint = os.environ["DYNAMODB_ENDPOINT_URL"]
    async with get_session().create_client("dynamodb", endpoint_url=endpoint, config=config) as client:
        app.state.dynamodb = client
        yield


def _response(body: object, status: int = 200) -> Response:
    return Response(simplejson.dumps(body, use_decimal=True), status, media_type="application/json")


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    return {name: _from_wire(value) for name, value in item.items()}


async def list_items(request: Request) -> Response:
    pages = request.app.state.dynamodb.get_paginator("scan").paginate(TableName=TABLE)
    return _response([_plain(item) async for page in pages for item in page["Items"]])


async def put_item(request: Request) -> Response:
    key = str(uuid.uuid4())
    document = simplejson.loads(await request.body(), use_decimal=True)
    item = {name: _to_wire(value) for name, value in {**document, "object_id": key}.items()}
    await request.app.state.dynamodb.put_item(TableName=TABLE, Item=item)
    return _response({"object_id": key}, 201)


async def get_item(request: Request) -> Response:
    key = request.path_params["key"]
    found = await request.app.state.dynamodb.get_item(TableName=TABLE, Key={"object_id": {"S": key}})
    if "Item" not in found:
        return _response({"error": f'Item with key "{key}" not found'}, 404)
    return _response(_plain(found["Item"]))


app = Starlette(
    routes=[
        Route("/picus/list", list_items),
        Route("/picus/put", put_item, methods=["POST"]),
        Route("/picus/get/{key}", get_item),
    ],
    lifespan=_client,
)
