"""Attribute values to JSON text."""

import json

from picus_api.core.values.attribute_values import AttributeMap
from picus_api.core.values.to_json import json_from_attributes


def test_every_attribute_type_has_its_json() -> None:
    attributes: AttributeMap = {
        "s": {"S": 'ä"\n\0'},
        "n": {"N": "12345678901234567890123456789012345678"},
        "t": {"BOOL": True},
        "f": {"BOOL": False},
        "z": {"NULL": True},
        "m": {"M": {"self": {"L": []}, "e": {"M": {}}}},
        "ss": {"SS": ["a", "ä"]},
        "ns": {"NS": ["1", "-0.5"]},
        "b": {"B": b"\x00\xff"},
        "b64": {"B": "AP8="},
        "bs": {"BS": [b"1", "Mg=="]},
    }
    assert json_from_attributes(attributes).decode() == (
        '{"s":"ä\\"\\n\\u0000","n":12345678901234567890123456789012345678,"t":true,"f":false,"z":null,'
        '"m":{"self":[],"e":{}},"ss":["a","ä"],"ns":[1,-0.5],"b":"AP8=","b64":"AP8=","bs":["MQ==","Mg=="]}'
    )


def test_every_character_survives() -> None:
    text = "".join(map(chr, [*range(0x3000), 0x2028, 0xFFFF, 0x1F600, 0x10FFFF]))
    assert json.loads(json_from_attributes({text: {"S": text}})) == {text: text}
