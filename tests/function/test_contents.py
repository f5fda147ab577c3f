"""The contents of the package, and the modules that the function loads."""

import json
import re
import ssl
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from picus_api.core.dynamodb.tls import only_amazon
from tests.dynamodb import ROOT, free_port
from tests.function.function import running_function

UNCHECKED_HASH = 0b01
"""PEP 552: the second word of the file. A hash, and not to be compared with the source's."""
FOREIGN = {"django", "rest_framework", "boto3", "pynamodb", "zappa", "werkzeug", "picus_project", "tests"}


def names_in(package: Path) -> list[str]:
    with ZipFile(package) as archive:
        return archive.namelist()


def files_of(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def test_only_what_the_function_imports_is_packaged(package: Path) -> None:
    names = names_in(package)

    assert {name.partition("/")[0] for name in names if not name.startswith("__pycache__/")} == {
        "botocore",
        "dateutil",
        "delete_fn",
        "jmespath",
        "picus_api",
        "six.py",
        "urllib3",
    }
    ours = {name for name in names if name.startswith(("delete_fn/", "picus_api/")) and name.endswith(".py")}
    core = {name for name in ours if name.startswith("picus_api/core/")}
    assert ours - core == {"delete_fn/__init__.py", "delete_fn/handler.py", "picus_api/__init__.py"}
    assert "picus_api/core/errors.py" in core


def test_the_only_data_are_amazons_ca_certificates(package: Path) -> None:
    assert [name for name in names_in(package) if not name.endswith((".py", ".pyc"))] == ["botocore/cacert.pem"]
    with ZipFile(package) as archive:
        store = archive.read("botocore/cacert.pem").decode()
    assert store.count("BEGIN CERTIFICATE") == 5
    assert only_amazon(store) == store
    assert len(ssl.create_default_context(cadata=store).get_ca_certs()) == 5


def test_nothing_is_native_or_a_test(package: Path) -> None:
    assert [name for name in names_in(package) if re.search(r"\.(so|dylib|pyd)$|(^|/)tests?(/|$)", name)] == []


def test_size_is_printed_and_within_limit(package: Path, build_report: str) -> None:
    size = package.stat().st_size

    assert size < 2_000_000
    assert f"build/delete_fn.zip: {size / 1e6:.2f} MB, " in build_report
    assert f" {len(names_in(package))} files" in build_report


def test_all_bytecode_is_valid_whatever_time_the_source_has(unpacked: Path) -> None:
    sources = list(unpacked.rglob("*.py"))

    assert sources
    for source in sources:
        bytecode = source.parent / "__pycache__" / f"{source.stem}.{sys.implementation.cache_tag}.pyc"
        assert int.from_bytes(bytecode.read_bytes()[4:8], "little") == UNCHECKED_HASH


def test_the_bytecode_does_not_know_where_it_was_built(unpacked: Path) -> None:
    for bytecode in unpacked.rglob("*.pyc"):
        content = bytecode.read_bytes()
        assert b"/var/task/" in content
        assert str(ROOT).encode() not in content


def test_the_function_loads_from_its_folder_and_compiles_nothing(fresh: Path) -> None:
    before = files_of(fresh)

    with running_function(fresh, DYNAMODB_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}") as function:
        assert function.send("DELETE", "/picus/1")["statusCode"] == 503
        modules = function.end()

    assert files_of(fresh) == before
    assert {name.partition(".")[0] for name in modules} & FOREIGN == set()
    packaged = {name for name, (file, _) in modules.items() if file and Path(file).is_relative_to(fresh)}
    assert {"delete_fn.handler", "picus_api.core.dynamodb.table", "botocore.exceptions"} <= packaged
    # Where its credentials are in the environment, as in Lambda, it loads no more of botocore than the exceptions.
    assert {name.partition(".")[0] for name in packaged} == {"delete_fn", "picus_api", "botocore"}
    assert "botocore.session" not in packaged
    for name in packaged:
        file, cached = modules[name]
        assert file
        assert cached
        assert str(Path(file).relative_to(fresh)) in before
        assert str(Path(cached).relative_to(fresh)) in before
    standard = Path(json.__file__).parent.parent
    elsewhere = {name: file for name, (file, _) in modules.items() if file and name not in packaged | {"__main__"}}
    assert {name for name, file in elsewhere.items() if not Path(file).is_relative_to(standard)} == set()
    assert {name for name, file in elsewhere.items() if "site-packages" in file} == set()


def test_the_same_sources_make_the_same_package(package: Path, build_report: str) -> None:
    first = package.read_bytes()

    run = subprocess.run(
        [sys.executable, "-m", "delete_fn.packaging"], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert run.stdout == build_report
    assert package.read_bytes() == first


def test_installed_function_loads_nothing_foreign() -> None:
    code = "import json, sys, delete_fn.handler; print(json.dumps(sorted(sys.modules)))"
    settings = {"DYNAMODB_TABLE_NAME": "t", "AWS_REGION": "us-east-1"}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=settings, capture_output=True, text=True, check=True
    )

    assert {name.partition(".")[0] for name in json.loads(run.stdout)} & FOREIGN == set()
