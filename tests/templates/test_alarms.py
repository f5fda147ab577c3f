"""What wakes somebody."""

from typing import Any

import pytest

from picus_api.core import idempotency
from tests.dynamodb import ROOT
from tests.templates.template import properties, resources, template

ALARMS = resources("alarms", "AWS::CloudWatch::Alarm")


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_an_alarm_tells_whoever_the_operator_named_and_says_when_it_is_over(name: str) -> None:
    told = {"Fn::If": ["HasEmail", [{"Ref": "Topic"}], []]}
    assert (ALARMS[name]["AlarmActions"], ALARMS[name]["OKActions"]) == (told, told)
    assert ALARMS[name]["AlarmDescription"]


def test_an_outage_is_seen_where_nobody_asks_and_no_task_is_left_to_count() -> None:
    alarm = properties("alarms", "NoHealthyHosts")
    assert (alarm["MetricName"], alarm["Statistic"]) == ("HealthyHostCount", "Maximum")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"


@pytest.mark.parametrize("name", sorted(ALARMS.keys() - {"NoHealthyHosts"}))
def test_silence_alone_is_no_other_alarm(name: str) -> None:
    assert ALARMS[name]["TreatMissingData"] == "notBreaching"


def test_throttling_is_seen_on_every_table() -> None:
    def table(alarm: dict[str, Any]) -> Any:
        return next((entry["Value"] for entry in alarm["Dimensions"] if entry["Name"] == "TableName"), None)

    seen = [(alarm["MetricName"], table(alarm)) for alarm in ALARMS.values() if table(alarm)]
    assert seen == [
        ("ReadThrottleEvents", {"Ref": "TableName"}),
        ("WriteThrottleEvents", {"Ref": "TableName"}),
        ("WriteThrottleEvents", {"Fn::Sub": idempotency.name_beside("${TableName}")}),
    ]


def test_the_page_says_that_without_an_address_nobody_is_told() -> None:
    assert template("alarms")["Parameters"]["Email"]["Default"] == ""
    assert "| `Email` | alarms |" in (ROOT / "docs/deploying.md").read_text()
