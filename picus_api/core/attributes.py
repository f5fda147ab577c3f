"""The wire form of DynamoDB's values, shared by the two directions of the conversion.

An attribute value is an object of one type tag and its value:
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_AttributeValue.html
Binary is bytes or already its base64 text, whichever the transport handed over.
"""

from typing import Any

AttributeValue = dict[str, Any]
AttributeMap = dict[str, AttributeValue]

# Counted like DynamoDB counts: the item itself is the first level, empty containers count too.
MAX_DEPTH = 32
MAX_NAME_BYTES = 65535
