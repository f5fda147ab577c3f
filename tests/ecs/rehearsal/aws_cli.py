"""The AWS CLI as a server: the command `aws` passes each command line to a process that has loaded the CLI.

Loading the CLI and its service descriptions takes most of a second, and the rehearsal runs a hundred commands. Here
each command is a fork of one process, with the folder, the variables and the files of its caller.

Run it by the Python of the CLI's environment: python aws_cli.py SOCKET. The folder of SOCKET must exist.
"""

import gc
import marshal
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

# Services whose descriptions are loaded before the first command.
SERVICES = ("cloudformation", "ec2", "lambda", "apigateway")
# The command `aws`. It imports only modules in C, because json, os and socket take longer to load than Python to start.
# 255 is the CLI's status for internal errors.
COMMAND = """#!{python} -IS
import _socket, marshal, posix, sys
server = _socket.socket(_socket.AF_UNIX)
server.connect({address!r})
call = marshal.dumps((sys.argv[1:], posix.getcwd(), posix.environ))
files = b"".join(file.to_bytes(4, sys.byteorder) for file in (0, 1, 2))
server.sendmsg([len(call).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, files)])
server.sendall(call)
sys.exit((server.recv(1) or b"\\xff")[0])
"""


def install(folder: Path, address: Path) -> None:
    """Write the command `aws` into `folder`, which belongs on the PATH."""
    folder.mkdir()
    command = folder / "aws"
    command.write_text(COMMAND.format(python=sys.executable, address=str(address)))
    command.chmod(0o755)


def _serve(address: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # forks are not waited for
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(address)
        server.listen()
        driver = _loaded()  # commands meanwhile wait in the backlog
        while True:
            connection, _ = server.accept()
            with connection:
                if not os.fork():
                    os._exit(_run_command(driver, connection))


def _loaded() -> Any:
    from awscli.clidriver import create_clidriver  # type: ignore[import-not-found]

    driver = create_clidriver()
    loader = driver.session.get_component("data_loader")
    for name in SERVICES:
        driver.session.get_service_model(name)
        loader.load_service_model(name, "endpoint-rule-set-1")
    # Load what every command loads. The loader caches by arguments, so these are exactly the CLI's.
    loader.list_available_services(type_name="service-2")
    for kind in ("waiters-2", "paginators-1"):
        loader.list_available_services(kind)
    for name in ("endpoints", "partitions", "sdk-default-configuration"):
        loader.load_data_with_path(name)
    gc.freeze()  # A collection in a fork would copy the memory of all these objects.
    return driver


def _run_command(driver: Any, connection: socket.socket) -> int:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, files, *_ = socket.recv_fds(connection, 4, 3)
    call = connection.recv(int.from_bytes(head, "big"), socket.MSG_WAITALL)
    arguments, folder, environment = marshal.loads(call)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environb.update(environment)
    status = 255
    with suppress(Exception):
        status = driver.main(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    connection.sendall(bytes([status & 255]))
    return 0


if __name__ == "__main__":
    _serve(sys.argv[1])
