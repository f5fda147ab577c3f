"""The service that Picus replaces, as such services are written: Flask, boto3's resource, Decimal for every number."""

import os
import uuid

import boto3
import simplejson
from flask import Flask, Response, request

app = Flask(__name__)
table = boto3.resource("dynamodb", endpoint_url=os.environ["DYNAMODB_ENDPOINT_URL"]).Table(
    os.environ["DYNAMODB_TABLE_NAME"]
)


def _response(body: object, status: int = 200) -> Response:
    return Response(simplejson.dumps(body, use_decimal=True), status, mimetype="application/json")


@app.get("/picus/list")
def list_items() -> Response:
    page = table.scan()
    items = page["Items"]
    while "LastEvaluatedKey" in page:
        page = table.scan(ExclusiveStartKey=page["LastEvaluatedKey"])
        items.extend(page["Items"])
    return _response(items)


@app.post("/picus/put")
def put_item() -> Response:
    key = str(uuid.uuid4())
    table.put_item(Item={**simplejson.loads(request.get_data(), use_decimal=True), "object_id": key})
    return _response({"object_id": key}, 201)


@app.get("/picus/get/<key>")
def get_item(key: str) -> Response:
    found = table.get_item(Key={"object_id": key})
    if "Item" not in found:
        return _response({"error": f'Item with key "{key}" not found'}, 404)
    return _response(found["Item"])
