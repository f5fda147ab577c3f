"""Django's system checks of the tables: ``./picus check`` runs them."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from picus_api.core.environment import SettingError
from picus_api.core.errors import TableUnavailable
from picus_api.table_setup import table_problem, table_specs

HINT = "Set DYNAMODB_TABLE_NAME, DYNAMODB_ENDPOINT_URL and AWS's variables, or create it: ./picus create_table"


@register("table")
def table_is_usable(**kwargs: Any) -> list[CheckMessage]:
    """Report an item table that is unreachable, missing, or has another key."""
    try:
        problem = table_problem(table_specs()[0])
    except SettingError as error:
        problem = str(error)
    except TableUnavailable as error:
        problem = f"The table can't be reached: {error.cause}"
    return [Error(problem, hint=HINT, id="picus.E001")] if problem else []
