"""Starts, watches and stops all of Picus on this machine; `manage.py serve` is its face."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from picus_project.local import processes, server
from picus_project.local import settings as environments
from picus_project.local.alb import LoadBalancer
from picus_project.local.cloudformation import TemplateError
from picus_project.local.distribution import Distribution, load
from picus_project.local.edge import Edge
from picus_project.local.folder import listening, locked, stack_env
from picus_project.local.processes import Child, StackError
from picus_project.local.proxy import Proxy
from picus_project.local.settings import ROOT, Ports, Secrets, Settings

# Everything has to be up by then, in seconds: AWS itself may take its time to create a table.
START_SECONDS = 120.0
# Before SIGKILL. ministack writes all its items when it stops.
STOP_SECONDS = 5.0
SAVE_SECONDS = 60.0
STAGE = "local"


def run(settings: Settings) -> int:
    """Serves until SIGINT, SIGTERM or SIGHUP, or until a part fails. Returns the exit status: 0, or 1 with a line."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with listening(settings.host, settings.port) as public, locked(settings.data_dir) as lock:
            asyncio.run(Stack(settings, public, lock).run())
    except KeyboardInterrupt:  # before there was anything to stop
        return 0
    except (StackError, TemplateError) as error:
        print(f"picus: {error}", file=sys.stderr)
        return 1
    return 0


class Stack:
    """One run. The edge twin and the load balancer's stand-in live in this process, the rest in children."""

    def __init__(self, settings: Settings, public: socket.socket, lock: int) -> None:
        self.settings = settings
        self.public = public
        self.lock = lock
        self.alb = server.listen("127.0.0.1", 0)
        self.ports = Ports(*processes.free_ports(3))
        self.service = settings.service or ("127.0.0.1", self.ports.service)
        self.secrets = Secrets.generate()
        self.distribution = self._distribution()
        self.outer: Mapping[str, str] = dict(os.environ)
        self.servers: list[tuple[Proxy, asyncio.Task[None]]] = []
        self.database: Child | None = None
        self.children: list[Child] = []

    def _distribution(self) -> Distribution:
        """The template, deployed onto this machine."""
        parameters = {"AlbHost": "127.0.0.1", "AlbProtocol": "http-only", "AlbPort": str(self.alb.getsockname()[1])}
        parameters |= {"ApiHost": "127.0.0.1", "ApiProtocol": "http-only", "ApiPort": str(self.ports.gateway)}
        parameters |= {"ApiPath": f"/{STAGE}", "AlbSecret": "alb", "ApiKeySecret": "api-key"}
        secrets = {"alb": self.secrets.alb, "api-key": self.secrets.api_key}
        return load(self.settings.template, parameters=parameters, secrets=secrets)

    async def run(self) -> None:
        """Returns after a signal and a clean stop; raises StackError, after the same stop, when a part failed."""
        loop = asyncio.get_running_loop()
        self.failed: asyncio.Future[None] = loop.create_future()
        asked = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup
                loop.add_signal_handler(number, asked.set)
        serving = asyncio.create_task(self._serve())
        asking = asyncio.create_task(asked.wait())
        try:
            done, _ = await asyncio.wait((serving, asking, self.failed), return_when=asyncio.FIRST_COMPLETED)
            for ended in done - {asking}:
                ended.result()
        finally:
            # From here on a signal only sets what is set already: nothing interrupts the stop.
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            await self._stop()
            self.failed.cancel()

    async def _serve(self) -> None:
        """Starts everything, says so, and stays."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._start()
        except TimeoutError as error:
            raise StackError(f"not everything was up after {START_SECONDS:.0f} seconds") from error
        table = environments.table_environment(self.settings, self.ports, self.outer)
        with stack_env(self.settings.data_dir, table):
            print(self._announcement(), flush=True)
            await asyncio.Event().wait()

    async def _start(self) -> None:
        if self.settings.endpoint_url is None:
            (self.settings.data_dir / "ministack").mkdir(exist_ok=True)
            self.database = await self._spawn(
                "the DynamoDB server (ministack)",
                (ROOT / ".venv-ministack/bin/python", "-P", ROOT / "picus_project/local/ministack_server.py"),
                environments.ministack_environment(self.settings, self.ports, self.outer),
                inherit=(self.lock,),
            )
        common = environments.child_environment(self.settings, self.ports, self.outer)
        if self.settings.service is None:
            await self._spawn(
                "the service (gunicorn)",
                (sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "picus_project.wsgi:application"),
                common | environments.service_environment(self.ports) | await processes.commit(self.outer, ROOT),
            )
        await self._spawn(
            "the delete function (gateway)",
            (sys.executable, "-m", "picus_project.local.gateway"),
            common | environments.gateway_environment(self.ports, stage=STAGE, api_key=self.secrets.api_key),
        )
        self._open()
        await asyncio.gather(
            self._create_table(common),
            processes.wait_for_http(self.service, "/__lbheartbeat__"),
            processes.wait_for_port(self.ports.gateway),
        )

    async def _spawn(
        self, name: str, command: tuple[str | Path, ...], env: Mapping[str, str], inherit: tuple[int, ...] = ()
    ) -> Child:
        """Starts a child whose end is the end of the stack."""
        child = await processes.start(name, command, env=env, cwd=ROOT, inherit=inherit)
        self.children.append(child)
        asyncio.create_task(child.ended()).add_done_callback(self._fail)
        return child

    def _fail(self, ended: asyncio.Task[StackError]) -> None:
        if not self.failed.done() and not ended.cancelled():
            self.failed.set_exception(StackError(f"{ended.result()}; everything else is stopped"))

    def _open(self) -> None:
        """Puts the two front doors into service."""
        edge = Edge(self.distribution)
        balancer = LoadBalancer(port=self.alb.getsockname()[1], secret=self.secrets.alb, target=self.service)
        for sock, proxy in ((self.public, Proxy(edge.route)), (self.alb, Proxy(balancer.route))):
            self.servers.append((proxy, asyncio.create_task(server.serve(sock, proxy.answer))))

    async def _create_table(self, env: Mapping[str, str]) -> None:
        if self.database:
            await processes.wait_for_port(self.ports.dynamodb)
        command = (sys.executable, "manage.py", "create_table")
        child = await processes.start("manage.py create_table", command, env=env, cwd=ROOT)
        self.children.append(child)
        if await child.process.wait():
            raise StackError(f"{await child.ended()}; everything else is stopped")

    async def _stop(self) -> None:
        """In the order of the data's way: the edge, the computes, and at last the database, which then saves."""
        for proxy, task in self.servers:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            proxy.close()
        self.alb.close()
        await asyncio.gather(*(child.stop(STOP_SECONDS) for child in self.children if child is not self.database))
        if self.database and self.database.process.returncode is None:
            await self.database.stop(SAVE_SECONDS)
            if self.database.process.returncode == -signal.SIGKILL:
                raise StackError(f"ministack did not save within {SAVE_SECONDS:.0f} seconds; this run's items are lost")

    def _announcement(self) -> str:
        url = f"http://127.0.0.1:{self.settings.port}"
        put = f"""curl -s {url}/picus/put -H 'Content-Type: application/json' -d '{{"name": "x", "value": 1.10}}'"""
        return "\n".join(
            (
                "",
                f"Picus serves {url} (Ctrl-C stops it). Paste these one after the other:",
                "",
                f"  curl {url}/picus/list",
                f"  key=$({put} | grep -oE '[0-9a-f-]{{36}}'); echo $key",
                f"  curl {url}/picus/get/$key",
                f"  curl -X DELETE {url}/picus/$key",
                "",
            )
        )
