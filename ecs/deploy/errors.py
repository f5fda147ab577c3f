"""What ends a step."""


class StepFailed(Exception):
    """One step can't go on. `reason` is for a person; `advice` is what to do before the same command runs again."""

    def __init__(self, reason: str, advice: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.advice = advice
