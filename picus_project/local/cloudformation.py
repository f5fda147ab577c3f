"""Read a CloudFormation template as CloudFormation would, as far as ecs/edge.yaml needs it.

Anything unsupported is an error that names it: a template must not mean one thing here and another on AWS.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

NO_VALUE = {"Ref": "AWS::NoValue"}
"""What an `Fn::If` gives to leave a property out."""


class TemplateError(Exception):
    """A part of the template can't be used. The message names the part and the reason."""


class _Loader(yaml.SafeLoader):
    """Read YAML with CloudFormation's short tags: `!Ref x` becomes `{"Ref": x}`, `!Sub x` becomes `{"Fn::Sub": x}`."""


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
    """Return the template with its functions in their long form. Raises TemplateError."""
    try:
        return yaml.load(path.read_text(), _Loader)  # noqa: S506 -- a SafeLoader
    except (OSError, yaml.YAMLError) as error:
        raise TemplateError(f"{path}: {error}") from error


class Template:
    """A template with the parameters of a deployment and the values, by name, in Secrets Manager.

    Every method raises TemplateError.
    """

    def __init__(self, path: Path, *, parameters: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        self.path = path
        self.content = read(path)
        self.secrets = secrets
        declared = self._section("Parameters")
        if unknown := parameters.keys() - declared.keys():
            raise TemplateError(f"the template has no parameter {', '.join(sorted(unknown))}")
        self.values = {name: _parameter_value(name, rules, parameters) for name, rules in declared.items()}

    def properties(self, resource_type: str) -> dict[str, Any]:
        """Return the unresolved properties of the one resource of that type."""
        found = [r for r in self._section("Resources").values() if r.get("Type") == resource_type]
        if len(found) != 1:
            raise TemplateError(f"{self.path} has {len(found)} resources of type {resource_type}, not one")
        properties: dict[str, Any] = found[0].get("Properties", {})
        return properties

    def _section(self, name: str) -> dict[str, Any]:
        section = self.content.get(name, {}) if isinstance(self.content, dict) else None
        if not isinstance(section, dict):
            raise TemplateError(f"the template has no usable section {name}")
        return section

    def resolve(self, node: Any) -> Any:
        """Return a part of the properties with functions, parameters and secrets resolved."""
        if isinstance(node, list):
            return [self.resolve(item) for item in map(self._choose, node) if item != NO_VALUE]
        if isinstance(node, str):
            return re.sub(r"\{\{resolve:([^}]*)\}\}", self._secret, node)
        if not isinstance(node, dict):
            return node
        match list(node.items()):
            case [("Ref", str(name))]:
                return self.resolve(self._value(name))
            case [("Fn::Sub", str(text))]:
                return self.resolve(re.sub(r"\$\{([^!}]+)\}", lambda m: self._value(m[1]), text))
            case [("Fn::If", [str(), _, _])]:
                return self.resolve(self._choose(node))
            case [(str(function), _)] if function.startswith("Fn::"):
                raise TemplateError(f"{function} is not supported here: {json.dumps(node)}")
        chosen = {key: self._choose(value) for key, value in node.items()}
        return {key: self.resolve(value) for key, value in chosen.items() if value != NO_VALUE}

    def _choose(self, node: Any) -> Any:
        """Return the part of an `Fn::If` that its condition chooses, and any other node as it is."""
        match node:
            case {"Fn::If": [str(name), yes, no]}:
                return self._choose(yes if self._holds(self._section("Conditions").get(name)) else no)
        return node

    def _holds(self, condition: Any) -> bool:
        match condition:
            case {"Fn::Not": [negated]}:
                return not self._holds(negated)
            case {"Fn::Equals": [first, second]}:
                return bool(self.resolve(first) == self.resolve(second))
        raise TemplateError(f"the condition is not supported here: {json.dumps(condition)}")

    def _value(self, name: str) -> str:
        if name not in self.values:
            raise TemplateError(f"{name} is no parameter of the template")
        return self.values[name]

    def _secret(self, match: re.Match[str]) -> str:
        service, _, name = match[1].partition(":")
        if service != "secretsmanager" or name not in self.secrets:
            raise TemplateError(f"{match[0]} can't be resolved")
        return self.secrets[name]


def _parameter_value(name: str, rules: Mapping[str, Any], given: Mapping[str, str]) -> str:
    value = given.get(name, rules.get("Default"))
    if value is None:
        raise TemplateError(f"the parameter {name} has no value")
    allowed = rules.get("AllowedValues")
    if allowed and str(value) not in map(str, allowed):
        raise TemplateError(f"the parameter {name} is {value!r}, not one of {', '.join(map(str, allowed))}")
    if not re.fullmatch(rules.get("AllowedPattern", ".*"), str(value)):
        raise TemplateError(f"the parameter {name} is {value!r} and does not match {rules['AllowedPattern']}")
    return str(value)
