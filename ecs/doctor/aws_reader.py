"""Reads of AWS by botocore, which takes endpoint, region, profile and credentials from its usual environment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property, reduce
from operator import getitem
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from ecs.deploy.stacks import IN_US_EAST_1
from ecs.deploy.stage import NAMES, stack_name

# Short, because a person waits.
CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
REFUSED_CREDENTIALS = {
    *("AuthFailure", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "InvalidSignatureException"),
    *("RequestExpired", "SignatureDoesNotMatch", "UnrecognizedClientException"),
}


class Unreadable(Exception):
    """AWS refused a call, or does not have what was asked for. The message is one line."""


class Unreachable(Unreadable):
    """No call can succeed: AWS does not respond, or region, credentials or stage are wrong."""


@contextmanager
def readable() -> Iterator[None]:
    """Raise Unreadable or Unreachable in place of botocore's errors, LookupError and StopIteration."""
    try:
        yield
    except ClientError as error:
        kind = Unreachable if error.response["Error"]["Code"] in REFUSED_CREDENTIALS else Unreadable
        raise kind(str(error)) from error
    except ParamValidationError as error:
        # An earlier response lacks a name that this call needs.
        raise Unreadable(" ".join(str(error).split())) from error
    except BotoCoreError as error:
        raise Unreachable(str(error)) from error
    except (LookupError, StopIteration) as error:
        raise Unreadable(f"AWS's response lacks {error or 'an entry'}") from error


class AwsReader:
    """Reads what a stage's stacks made. Methods raise botocore's errors, or LookupError for a missing part."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self._session = botocore.session.Session()
        # botocore alone reads AWS_DEFAULT_REGION only; Picus and AWS's other SDKs read AWS_REGION.
        self._region = os.environ.get("AWS_REGION")
        self._clients: dict[str, Any] = {}

    def _client(self, service: str, region: str | None = None) -> Any:
        name = f"{service} {region or ''}"
        if name not in self._clients:
            where = region or self._region
            self._clients[name] = self._session.create_client(service, region_name=where, config=CONFIG)
        return self._clients[name]

    def read(self, service: str, operation: str, *path: str | int, **request: Any) -> Any:
        """Call an operation, by botocore's method name, and return the part of its response at `path`."""
        region = "us-east-1" if str(request.get("StackName", "")).endswith(IN_US_EAST_1) else None
        return reduce(getitem, path, getattr(self._client(service, region), operation)(**request))

    def read_pages(self, service: str, operation: str, key: str, **request: Any) -> list[Any]:
        """Call a paginated operation and return the entries of `key` in all pages."""
        paginator = self._client(service).get_paginator(operation)
        return [entry for page in paginator.paginate(**request) for entry in page.get(key, [])]

    @cached_property
    def stacks(self) -> dict[str, Any]:
        """Return CloudFormation's descriptions of the stage's stacks, by the names of their steps.

        Raises Unreachable if there are none.
        """
        found = {name: stack for name in NAMES if (stack := self._stack(stack_name(self.stage, name)))}
        if not found:
            raise Unreachable(f"there are no stacks of a stage {self.stage!r} in this account and region")
        return found

    def _stack(self, name: str) -> Any:
        try:
            return self.read("cloudformation", "describe_stacks", "Stacks", 0, StackName=name)
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise

    def output(self, name: str) -> str:
        """Return the output of that name, whichever stack has it."""
        outputs = [output for stack in self.stacks.values() for output in stack.get("Outputs", [])]
        return {output["OutputKey"]: str(output["OutputValue"]) for output in outputs}[name]

    def policies(self, role_arn: str) -> list[Any]:
        """Return the policy documents of a role, inline and attached."""
        role = role_arn.rpartition("/")[2]
        names = self.read_pages("iam", "list_role_policies", "PolicyNames", RoleName=role)
        inline = [
            self.read("iam", "get_role_policy", "PolicyDocument", RoleName=role, PolicyName=name) for name in names
        ]
        attached = self.read_pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=role)
        return inline + [self._managed_policy(entry["PolicyArn"]) for entry in attached]

    def _managed_policy(self, arn: str) -> Any:
        version = self.read("iam", "get_policy", "Policy", "DefaultVersionId", PolicyArn=arn)
        path = ("PolicyVersion", "Document")
        return self.read("iam", "get_policy_version", *path, PolicyArn=arn, VersionId=version)
