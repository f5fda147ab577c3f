"""What AWS says of a stage, read by plain botocore. AWS_ENDPOINT_URL, region and credentials are botocore's own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# Those whose outputs are of use here.
STACKS = ("roles", "service", "edge")
# Few and short: a person waits.
CONFIG = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})


class Unreadable(Exception):
    """AWS could not be asked, or has no such thing; one line."""


@contextmanager
def readable() -> Iterator[None]:
    """Turn botocore's errors, and an answer without what was asked for, into one."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise Unreadable(str(error)) from error
    except KeyError as error:
        raise Unreadable(f"AWS's answer has no {error}") from error
    except (IndexError, StopIteration) as error:
        raise Unreadable("AWS knows no such thing") from error


class Account:
    """One stage's stacks and what is behind them. Every method raises Unreadable."""

    def __init__(self, stage: str) -> None:
        self.stage = stage
        self.function = f"picus-delete-{stage}"
        self._session = botocore.session.Session()
        # As everywhere in Picus, and in AWS's other SDKs; botocore alone reads only AWS_DEFAULT_REGION.
        self._region = os.environ.get("AWS_REGION")
        self._clients: dict[str, Any] = {}

    def call(self, service: str, operation: str, **request: Any) -> dict[str, Any]:
        """One call, by botocore's method name."""
        with readable():
            answer: dict[str, Any] = getattr(self.client(service), operation)(**request)
            return answer

    def pages(self, service: str, operation: str, key: str, **request: Any) -> list[Any]:
        """All entries of a paginated call."""
        with readable():
            paginator = self.client(service).get_paginator(operation)
            return [entry for page in paginator.paginate(**request) for entry in page.get(key, [])]

    def client(self, service: str) -> Any:
        """One client a service."""
        if service not in self._clients:
            with readable():
                self._clients[service] = self._session.create_client(service, region_name=self._region, config=CONFIG)
        return self._clients[service]

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The outputs of the stage's stacks."""
        found: dict[str, str] = {}
        for name in STACKS:
            answer = self.call("cloudformation", "describe_stacks", StackName=f"picus-{self.stage}-{name}")
            with readable():
                found |= {entry["OutputKey"]: entry["OutputValue"] for entry in answer["Stacks"][0].get("Outputs", [])}
        return found

    def output(self, name: str) -> str:
        """One output."""
        with readable():
            return self.outputs[name]

    def policies(self, role: str) -> list[dict[str, Any]]:
        """The policy documents of a role, inline and attached."""
        names = self.pages("iam", "list_role_policies", "PolicyNames", RoleName=role)
        inline = [self.call("iam", "get_role_policy", RoleName=role, PolicyName=name) for name in names]
        attached = self.pages("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=role)
        return [entry["PolicyDocument"] for entry in inline] + [self._managed(entry["PolicyArn"]) for entry in attached]

    def _managed(self, arn: str) -> dict[str, Any]:
        version = self.call("iam", "get_policy", PolicyArn=arn)["Policy"]["DefaultVersionId"]
        answer = self.call("iam", "get_policy_version", PolicyArn=arn, VersionId=version)
        document: dict[str, Any] = answer["PolicyVersion"]["Document"]
        return document
