"""Resolve names of AWS to this machine, in this process only: as a pytest plugin, or to run a module.

pytest -p tests.ecs.rehearsal.resolver
python -m tests.ecs.rehearsal.resolver MODULE ARGUMENTS…
"""

import runpy
import socket
import sys
from typing import Any

EMULATED_SUFFIXES = (".cloudfront.net", ".elb.amazonaws.com")
_getaddrinfo = socket.getaddrinfo


def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
    """Resolve emulated names to this machine, and others as the system does."""
    return _getaddrinfo("127.0.0.1" if str(host).endswith(EMULATED_SUFFIXES) else host, *arguments, **options)


socket.getaddrinfo = getaddrinfo

if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
