"""The REST API in front of the function, with its usage plans and their keys."""

from functools import cached_property
from typing import Any

from picus_project.doctor.account import Account, readable


class RestApi:
    """What Zappa made and ecs/api.yaml closed. Every property raises Unreadable."""

    def __init__(self, account: Account) -> None:
        self._account = account

    @cached_property
    def api(self) -> dict[str, Any]:
        """The API, by the name that Zappa gives it, which is the function's."""
        apis = self._account.pages("apigateway", "get_rest_apis", "items")
        with readable():
            found: dict[str, Any] = next(api for api in apis if api["name"] == self._account.function)
            return found

    @property
    def resources(self) -> list[dict[str, Any]]:
        """Its resources, with their methods."""
        where = {"restApiId": self.api["id"]}
        return self._account.pages("apigateway", "get_resources", "items", embed=["methods"], **where)

    @cached_property
    def plans(self) -> list[dict[str, Any]]:
        """The usage plans that cover it."""
        plans = self._account.pages("apigateway", "get_usage_plans", "items")
        return [plan for plan in plans if any(stage["apiId"] == self.api["id"] for stage in plan.get("apiStages", []))]

    @property
    def keys(self) -> list[str]:
        """The values of the keys that open it."""
        listed = [
            key
            for plan in self.plans
            for key in self._account.pages("apigateway", "get_usage_plan_keys", "items", usagePlanId=plan["id"])
        ]
        calls = (self._account.call("apigateway", "get_api_key", apiKey=key["id"], includeValue=True) for key in listed)
        return [key["value"] for key in calls if key.get("enabled", True)]
