"""Names of AWS's that lead to this machine, in this process alone: a pytest plugin, and a way to run a module.

pytest -p tests.rehearsal.resolver
python -m tests.rehearsal.resolver MODULE ARGUMENTS…
"""

import runpy
import socket
import sys
from typing import Any

OURS = (".cloudfront.net", ".elb.amazonaws.com")
_getaddrinfo = socket.getaddrinfo


def getaddrinfo(host: Any, *arguments: Any, **options: Any) -> Any:
    """As the system's, except for what the stand-ins serve."""
    return _getaddrinfo("127.0.0.1" if str(host).endswith(OURS) else host, *arguments, **options)


socket.getaddrinfo = getaddrinfo

if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
