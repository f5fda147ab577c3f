"""Django system checks of the table: ``manage.py check`` runs them."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from picus_api.core.environment import SettingError
from picus_api.core.table import TableUnavailable
from picus_api.models import Item

HINT = "Set DYNAMODB_TABLE_NAME, DYNAMODB_ENDPOINT_URL and AWS's variables, or create it: manage.py create_table"


@register("table")
def table_is_usable(**kwargs: Any) -> list[CheckMessage]:
    """The table is reachable and has the key that items need."""
    try:
        problem = Item.table_problem()
    except SettingError as error:
        problem = str(error)
    except TableUnavailable as error:
        problem = f"The table can't be reached: {error.cause}"
    return [Error(problem, hint=HINT, id="picus.E001")] if problem else []
