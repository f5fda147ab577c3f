"""Alarms: when they fire, who is notified, and which page says what to do."""

import json
import re
from typing import Any

from picus_api.core import idempotency, metrics
from tests.dynamodb import ROOT
from tests.ecs.templates.template import properties, resources, template

TOPICS = {"alarms": {"Ref": "Topic"}, "table-alarms": {"Ref": "AlarmTopicArn"}, "edge-monitoring": {"Ref": "Topic"}}
ALARMS = {
    f"{file} {name}": (topic, alarm)
    for file, topic in TOPICS.items()
    for name, alarm in resources(file, "AWS::CloudWatch::Alarm").items()
}


def test_every_alarm_notifies_the_operator_and_names_a_runbook() -> None:
    assert len(ALARMS) > 15
    pages = {path.name for path in (ROOT / "docs/runbooks").glob("*.md")}
    for name, (topic, alarm) in ALARMS.items():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == ([topic], [topic]), name
        [page] = re.findall(r"Runbook: docs/runbooks/([\w-]+\.md)$", alarm["AlarmDescription"])
        assert page in pages, name


def test_an_address_for_alarms_is_required() -> None:
    for name in ("alarms", "edge-monitoring", "budget"):
        assert "Default" not in template(name)["Parameters"]["Email"]


def test_only_the_alarm_for_no_tasks_fires_without_data() -> None:
    missing = {name: alarm["TreatMissingData"] for name, (_, alarm) in ALARMS.items()}
    assert [name for name, value in missing.items() if value != "notBreaching"] == ["alarms NoHealthyHosts"]
    alarm = properties("alarms", "NoHealthyHosts")
    assert (alarm["MetricName"], alarm["Statistic"]) == ("HealthyHostCount", "Maximum")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    assert alarm["TreatMissingData"] == "breaching"


def test_throttling_of_each_table_raises_an_alarm() -> None:
    def table(alarm: dict[str, Any]) -> Any:
        return next((entry["Value"] for entry in alarm.get("Dimensions", []) if entry["Name"] == "TableName"), None)

    watched = [(alarm["MetricName"], table(alarm)) for _, alarm in ALARMS.values() if table(alarm)]
    assert watched == [
        ("ReadThrottleEvents", {"Ref": "TableName"}),
        ("WriteThrottleEvents", {"Ref": "TableName"}),
        ("WriteThrottleEvents", {"Fn::Sub": idempotency.default_idempotency_table("${TableName}")}),
        ("ReadThrottleEvents", {"Fn::Sub": "${TableName}_tokens"}),
    ]


def test_table_limits_and_their_alarms_have_equal_defaults() -> None:
    for name in ("MaxReadUnits", "MaxWriteUnits"):
        assert (
            template("data")["Parameters"][name]["Default"] == template("table-alarms")["Parameters"][name]["Default"]
        )
    limits = properties("data", "Table")["OnDemandThroughput"]
    assert limits == {"MaxReadRequestUnits": {"Ref": "MaxReadUnits"}, "MaxWriteRequestUnits": {"Ref": "MaxWriteUnits"}}


def test_dashboard_shows_every_metric_of_both_computes() -> None:
    widgets = json.loads(properties("dashboard", "Dashboard")["DashboardBody"]["Fn::Sub"])["widgets"]
    shown = {tuple(metric[:4]) for widget in widgets for metric in widget["properties"]["metrics"]}
    own = {
        ("Picus/${Stage}", name, "compute", compute) for name in metrics.UNITS for compute in ("service", "function")
    }
    assert own <= shown
