"""What the doctor says: one line for each thing that it looked at."""

from typing import NamedTuple

OK = "OK"
FAIL = "FAIL"
UNKNOWN = "UNKNOWN"


class Finding(NamedTuple):
    """One thing that was looked at: what is so, and how to mend it where it should not be."""

    subject: str
    verdict: str
    says: str
    fix: str = ""

    def __str__(self) -> str:
        """One line."""
        fix = "" if self.verdict == OK or not self.fix else f" -- {self.fix}"
        return f"{self.verdict:<7} {self.subject}: {self.says}{fix}"


def judge(subject: str, good: bool, says: str, fix: str) -> Finding:
    """OK or FAIL."""
    return Finding(subject, OK if good else FAIL, says, fix)


def unknown(subject: str, says: str, fix: str = "") -> Finding:
    """Something that could not be looked at."""
    return Finding(subject, UNKNOWN, says, fix)


def exit_status(findings: list[Finding]) -> int:
    """For scripts: 0 all is well, 1 something is wrong, 2 something could not be looked at."""
    verdicts = {finding.verdict for finding in findings}
    return 2 if UNKNOWN in verdicts else int(FAIL in verdicts)
