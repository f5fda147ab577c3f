"""Start, watch and stop all of Picus on this machine, for `manage.py serve`."""

import asyncio
import logging.config
import os
import secrets
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from picus_api.core import logs
from picus_project.local import config as environments
from picus_project.local import http_server, processes
from picus_project.local.alb import LoadBalancer
from picus_project.local.cloudformation import TemplateError
from picus_project.local.config import ROOT, StackConfig
from picus_project.local.data_dir import lock_data_dir, stack_env
from picus_project.local.distribution import Distribution, load
from picus_project.local.edge import LocalEdge
from picus_project.local.processes import ChildProcess, StackError
from picus_project.local.proxy import ReverseProxy

# Everything must be ready by then, in seconds: AWS itself may take its time to create a table.
START_SECONDS = 120.0
# Between SIGTERM and SIGKILL. ministack writes all its items when it stops.
STOP_SECONDS = 5.0
SAVE_SECONDS = 60.0
STAGE = "local"


def run(config: StackConfig) -> int:
    """Serve until SIGINT, SIGTERM or SIGHUP, or until a part fails. Return the exit status: 0, or 1 with a line."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    level = os.environ.get("LOG_LEVEL") or "INFO"
    logging.config.dictConfig(logs.configuration(os.environ.get("LOG_FORMAT", ""), level))
    try:
        with _port_errors(config.host, config.port):
            public = http_server.bind(config.host, config.port)  # before anything is started
        with public, lock_data_dir(config.data_dir) as lock:
            asyncio.run(Supervisor(config, public, lock).run())
    except KeyboardInterrupt:  # before there was anything to stop
        return 0
    except (StackError, TemplateError) as error:
        print(f"picus: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def _port_errors(host: str, port: int) -> Iterator[None]:
    """Raise StackError for an error of the public socket."""
    try:
        yield
    except OSError as error:
        raise StackError(f"port {port} of {host} can't be used: {error.strerror}; choose another with PORT") from error


class Supervisor:
    """One run of the stack. The local edge and the ALB's stand-in run in this process, the rest in children."""

    def __init__(self, config: StackConfig, public: socket.socket, lock: int) -> None:
        self.config = config
        self.public = public
        self.lock = lock
        self.alb = http_server.bind("127.0.0.1", 0)
        self.dynamodb_port, self.gateway_port, service_port = processes.free_ports(3)
        self.service = config.service or ("127.0.0.1", service_port)
        # The secrets that the origins require of the edge.
        self.alb_secret, self.api_key = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.distribution = self._distribution()
        self.outer: Mapping[str, str] = dict(os.environ)
        self.env = environments.child_environment(config, self.dynamodb_port, self.outer)
        self.proxies: list[ReverseProxy] = []
        self.database: ChildProcess | None = None
        self.children: list[ChildProcess] = []

    def _distribution(self) -> Distribution:
        """Load the template with this machine's parameters."""
        parameters = {"AlbHost": "127.0.0.1", "AlbProtocol": "http-only", "AlbPort": str(self.alb.getsockname()[1])}
        parameters |= {"ApiHost": "127.0.0.1", "ApiProtocol": "http-only", "ApiPort": str(self.gateway_port)}
        parameters |= {"ApiPath": f"/{STAGE}", "AlbSecret": "alb", "ApiKeySecret": "api-key"}
        secret_values = {"alb": self.alb_secret, "api-key": self.api_key}
        return load(self.config.template, parameters=parameters, secrets=secret_values)

    async def run(self) -> None:
        """Return after a signal and a clean stop. Raises StackError, after the same stop, when a part failed."""
        serving = asyncio.create_task(self._serve())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                # Once the task has ended, a further signal does nothing: nothing interrupts the stop.
                asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
        try:
            await serving
        except asyncio.CancelledError:
            pass
        except ExceptionGroup as group:
            raise group.exceptions[0] from None
        finally:
            await self._stop()

    async def _serve(self) -> None:
        """Start everything, announce the address, and stay until a part fails."""
        variables = environments.command_environment(self.config, self.dynamodb_port, self.outer)
        async with asyncio.TaskGroup() as self.tasks:
            try:
                async with asyncio.timeout(START_SECONDS):
                    await self._start()
            except TimeoutError as error:
                raise StackError(f"not everything was up after {START_SECONDS:.0f} seconds") from error
            self._listen()
            with stack_env(self.config.data_dir, variables):
                print(banner(f"http://127.0.0.1:{self.config.port}"), flush=True)
                await asyncio.Event().wait()

    async def _start(self) -> None:
        """Start the database, then everything that connects to it, and wait until everything is ready."""
        if self.config.endpoint_url is None:
            await self._start_database()
        if self.config.service is None:
            await self._start_child(
                "the service (gunicorn)",
                (sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "picus_project.wsgi:application"),
                PORT=str(self.service[1]),
                BIND_HOST="127.0.0.1",
                **environments.commit_environment(self.outer),
            )
        await self._start_child(
            "the delete function (api_gateway)",
            (sys.executable, "-m", "picus_project.local.api_gateway"),
            GATEWAY_PORT=str(self.gateway_port),
            GATEWAY_STAGE=STAGE,
            GATEWAY_API_KEY=self.api_key,
        )
        await asyncio.gather(
            self._create_table(),
            processes.wait_until_ready(self.service, "/__lbheartbeat__"),
            processes.wait_until_ready(("127.0.0.1", self.gateway_port)),
        )

    async def _start_database(self) -> None:
        (self.config.data_dir / "ministack").mkdir(exist_ok=True)
        self.database = await processes.start(
            "the DynamoDB server (ministack)",
            (ROOT / ".venv-ministack/bin/python", "-P", ROOT / "picus_project/local/ministack_server.py"),
            env=environments.ministack_environment(self.config, self.dynamodb_port, self.outer),
            cwd=ROOT,
            inherit=(self.lock,),
        )
        self.tasks.create_task(self.database.watch())
        await processes.wait_until_ready(("127.0.0.1", self.dynamodb_port))

    async def _start_child(self, name: str, command: tuple[str, ...], **variables: str) -> None:
        child = await processes.start(name, command, env=self.env | variables, cwd=ROOT)
        self.children.append(child)
        self.tasks.create_task(child.watch())

    def _listen(self) -> None:
        """Listen at the ALB's stand-in and at the local edge. Raises StackError."""
        balancer = LoadBalancer(port=self.alb.getsockname()[1], secret=self.alb_secret, target=self.service)
        edge = LocalEdge(self.distribution)
        for sock, route in ((self.alb, balancer.route), (self.public, edge.route)):
            with _port_errors(self.config.host, self.config.port):  # another program may have been faster
                sock.listen(http_server.BACKLOG)
            proxy = ReverseProxy(route)
            self.proxies.append(proxy)
            self.tasks.create_task(http_server.serve(sock, proxy.handle))

    async def _create_table(self) -> None:
        command = (sys.executable, "manage.py", "create_table")
        child = await processes.start("manage.py create_table", command, env=self.env, cwd=ROOT)
        self.children.append(child)
        await child.watch(may_end=True)

    async def _stop(self) -> None:
        """Stop the computes, and at last the database, which then saves. The edge has stopped with the tasks."""
        for proxy in self.proxies:
            proxy.close()
        self.alb.close()
        await asyncio.gather(*(child.stop(STOP_SECONDS) for child in self.children))
        if self.database and self.database.process.returncode is None:
            await self.database.stop(SAVE_SECONDS)
            if self.database.process.returncode == -signal.SIGKILL:
                raise StackError(f"ministack did not save within {SAVE_SECONDS:.0f} seconds; this run's items are lost")


def banner(url: str) -> str:
    """Return the lines that announce the stack, with commands to paste."""
    put = f"""curl -s {url}/picus/put -H 'Content-Type: application/json' -d '{{"name": "x", "value": 1.5}}'"""
    return f"""
Picus serves {url} (Ctrl-C stops it).
The items as a page: {url}/picus/list
The documentation:   {url}/docs/
Or paste these commands one after the other:

  curl {url}/picus/list
  key=$({put} | grep -oE '[0-9a-f-]{{36}}'); echo $key
  curl {url}/picus/get/$key
  curl -X DELETE {url}/picus/$key
"""
