"""The error that ends a step."""


class StepFailed(Exception):
    """A step failed: `reason` says why, `advice` says what to do before the same command runs again."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice
