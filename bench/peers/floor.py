"""The floor of a cold start: what Python and Lambda's runtime client cost before any handler does anything."""


def handler(event: dict[str, object], context: object) -> dict[str, object]:
    return {"statusCode": 200, "headers": {}, "body": "", "isBase64Encoded": False}
