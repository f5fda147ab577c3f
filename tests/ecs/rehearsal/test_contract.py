"""The contract suite through the distribution: CloudFront → ALB → gunicorn, CloudFront → API Gateway → the function."""

import pytest


def test_contract_holds_on_the_public_domain(contract_run: tuple[int, str], capsys: pytest.CaptureFixture[str]) -> None:
    status, output = contract_run
    assert status == 0, output[-6000:]
    with capsys.disabled():
        print(f"\ncontract on the public domain: {output.rstrip().splitlines()[-1]}")
