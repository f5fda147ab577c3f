"""The contract suite through the distribution: CloudFront → ALB → gunicorn, CloudFront → API Gateway → the function."""

from tests.rehearsal.staging import Staging


def test_the_contract_is_kept_on_the_public_domain(stage: Staging) -> None:
    plugins = ("tests.rehearsal.resolver", "tests.rehearsal.gaps")
    options = ["-q", *(f"-p{plugin}" for plugin in plugins)]
    run = stage.run("pytest", "tests/contract", *options, PICUS_BASE_URL=stage.url)
    print(run.stdout[-6000:])
    assert run.returncode == 0, run.stdout[-6000:]
