"""Reads a CloudFormation template as CloudFormation would, as far as ecs/edge.yaml needs it.

What is not understood is an error that names it: a template that works here must not mean something else on AWS.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

# Values that CloudFormation supplies.
PSEUDO_PARAMETERS = {
    "AWS::AccountId": "000000000000",
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackName": "picus-local",
    "AWS::URLSuffix": "amazonaws.com",
}


class TemplateError(Exception):
    """The template can't be used; the message says which part of it and why."""


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags: `!Ref x` becomes `{"Ref": x}`, `!Sub x` `{"Fn::Sub": x}`."""


def _tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_Loader.add_multi_constructor("!", _tag)


def read(path: Path) -> Any:
    """The template with its functions in their long form. Raises TemplateError."""
    try:
        return yaml.load(path.read_text(), _Loader)  # noqa: S506 -- a SafeLoader
    except (OSError, yaml.YAMLError) as error:
        raise TemplateError(f"{path}: {error}") from error


def properties(path: Path, resource_type: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The properties, unresolved, of the template's one resource of that type, and the template's parameters."""
    template = read(path)
    found = [r for r in _mapping(template, "Resources").values() if r.get("Type") == resource_type]
    if len(found) != 1:
        raise TemplateError(f"{path} has {len(found)} resources of type {resource_type}, not one")
    return found[0].get("Properties", {}), _mapping(template, "Parameters")


def resolve(
    node: Any, declared: Mapping[str, Any], *, parameters: Mapping[str, str], secrets: Mapping[str, str]
) -> Any:
    """A part of the properties as AWS would get it.

    `declared` are the template's parameters, `parameters` what a deployment would give, `secrets` what Secrets Manager
    would answer: name -> value.
    """
    return _resolve(node, _parameter_values(declared, parameters), secrets)


def _mapping(template: object, section: str) -> dict[str, Any]:
    value = template.get(section, {}) if isinstance(template, dict) else None
    if not isinstance(value, dict):
        raise TemplateError(f"the template has no usable section {section}")
    return value


def _parameter_values(declared: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    if unknown := given.keys() - declared.keys():
        raise TemplateError(f"the template has no parameter {', '.join(sorted(unknown))}")
    values = dict(PSEUDO_PARAMETERS)
    for name, rules in declared.items():
        value = given.get(name, rules.get("Default"))
        if value is None:
            raise TemplateError(f"the parameter {name} has no value")
        _check_parameter(name, str(value), rules)
        values[name] = str(value)
    return values


def _check_parameter(name: str, value: str, rules: Mapping[str, Any]) -> None:
    allowed = rules.get("AllowedValues")
    if allowed and value not in map(str, allowed):
        raise TemplateError(f"the parameter {name} is {value!r}, not one of {', '.join(map(str, allowed))}")
    if not re.fullmatch(rules.get("AllowedPattern", ".*"), value):
        raise TemplateError(f"the parameter {name} is {value!r} and does not match {rules['AllowedPattern']}")


def _resolve(node: Any, values: Mapping[str, str], secrets: Mapping[str, str]) -> Any:
    if isinstance(node, list):
        return [_resolve(item, values, secrets) for item in node]
    if isinstance(node, str):
        return _dynamic(node, secrets)
    if not isinstance(node, dict):
        return node
    match list(node.items()):
        case [("Ref", str(name))]:
            return _dynamic(_value(name, values), secrets)
        case [("Fn::Sub", str(text))]:
            return _dynamic(re.sub(r"\$\{([^!}]+)\}", lambda m: _value(m[1], values), text), secrets)
        case [("Fn::Join", [str(separator), list(parts)])]:
            return separator.join(str(_resolve(part, values, secrets)) for part in parts)
        case [(str(function), _)] if function.startswith("Fn::"):
            raise TemplateError(f"{function} is not understood here: {json.dumps(node)}")
    return {key: _resolve(value, values, secrets) for key, value in node.items()}


def _value(name: str, values: Mapping[str, str]) -> str:
    if name not in values:
        raise TemplateError(f"{name} is neither a parameter of the template nor a known pseudo parameter")
    return values[name]


def _dynamic(text: str, secrets: Mapping[str, str]) -> str:
    """Replaces `{{resolve:secretsmanager:<name>}}`, a whole secret."""

    def secret(match: re.Match[str]) -> str:
        service, _, name = match[1].partition(":")
        if service != "secretsmanager" or name not in secrets:
            raise TemplateError(f"{match[0]} can't be resolved")
        return secrets[name]

    return re.sub(r"\{\{resolve:([^}]*)\}\}", secret, text)
