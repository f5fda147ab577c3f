"""A handler that does nothing: what Python and Lambda's runtime client cost in every cold start."""


def handler(event: dict[str, object], context: object) -> dict[str, object]:
    return {"statusCode": 200, "headers": {}, "body": "", "isBase64Encoded": False}
