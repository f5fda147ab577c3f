"""AWS refuses signatures of a clock that is five minutes off."""

from datetime import datetime
from email.utils import parsedate_to_datetime

from picus_project.doctor.findings import Finding, judge, unknown

SUBJECT = "clock"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
LIMIT_SECONDS = 300


def check(date: str, now: datetime) -> Finding:
    """Judge this machine's clock by a Date header of AWS; `now` has a time zone."""
    try:
        off = abs((parsedate_to_datetime(date) - now).total_seconds())
    except (TypeError, ValueError):
        return unknown(SUBJECT, f"AWS's Date was {date or 'missing'!r}", "check the endpoint")
    says = f"it is {off:.0f} s off AWS's"
    return judge(SUBJECT, off < LIMIT_SECONDS, says, "set it by NTP: timedatectl set-ntp true")
