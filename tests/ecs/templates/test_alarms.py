"""Alarms: when they fire, and who is notified."""

from typing import Any

import pytest

from picus_api.core import idempotency
from tests.dynamodb import ROOT
from tests.ecs.templates.template import properties, resources, template

ALARMS = resources("alarms", "AWS::CloudWatch::Alarm")


@pytest.mark.parametrize("name", sorted(ALARMS))
def test_alarm_notifies_the_operator_at_start_and_end(name: str) -> None:
    topic = {"Fn::If": ["HasEmail", [{"Ref": "Topic"}], []]}
    assert (ALARMS[name]["AlarmActions"], ALARMS[name]["OKActions"]) == (topic, topic)
    assert ALARMS[name]["AlarmDescription"]


def test_outage_without_traffic_or_tasks_raises_an_alarm() -> None:
    alarm = properties("alarms", "NoHealthyHosts")
    assert (alarm["MetricName"], alarm["Statistic"]) == ("HealthyHostCount", "Maximum")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"


@pytest.mark.parametrize("name", sorted(ALARMS.keys() - {"NoHealthyHosts"}))
def test_missing_data_raises_no_other_alarm(name: str) -> None:
    assert ALARMS[name]["TreatMissingData"] == "notBreaching"


def test_throttling_of_each_table_raises_an_alarm() -> None:
    def table(alarm: dict[str, Any]) -> Any:
        return next((entry["Value"] for entry in alarm["Dimensions"] if entry["Name"] == "TableName"), None)

    watched = [(alarm["MetricName"], table(alarm)) for alarm in ALARMS.values() if table(alarm)]
    assert watched == [
        ("ReadThrottleEvents", {"Ref": "TableName"}),
        ("WriteThrottleEvents", {"Ref": "TableName"}),
        ("WriteThrottleEvents", {"Fn::Sub": idempotency.default_idempotency_table("${TableName}")}),
    ]


def test_docs_say_that_alarms_need_an_address() -> None:
    assert template("alarms")["Parameters"]["Email"]["Default"] == ""
    assert "| `Email` | alarms |" in (ROOT / "docs/deploying.md").read_text()
