"""A finding: one line of the doctor's output."""

from typing import NamedTuple

OK = "OK"
FAIL = "FAIL"
UNKNOWN = "UNKNOWN"


class Finding(NamedTuple):
    """The result of one check: its subject, a verdict, what was found, and the fix unless the verdict is OK."""

    subject: str
    verdict: str
    says: str
    fix: str = ""

    def __str__(self) -> str:
        """Format the finding as one line."""
        fix = "" if self.verdict == OK or not self.fix else f" -- {self.fix}"
        return f"{self.verdict:<7} {self.subject}: {self.says}{fix}"


def judge(subject: str, good: bool, says: str, fix: str) -> Finding:
    """Return a finding that is OK if `good`, else FAIL."""
    return Finding(subject, OK if good else FAIL, says, fix)


def unknown(subject: str, says: str, fix: str) -> Finding:
    """Return a finding for something that could not be checked."""
    return Finding(subject, UNKNOWN, says, fix)


def exit_status(findings: list[Finding]) -> int:
    """Return the exit status: 0 if all is well, 1 if something is wrong, 2 if something could not be checked."""
    verdicts = {finding.verdict for finding in findings}
    return 2 if UNKNOWN in verdicts else int(FAIL in verdicts)
