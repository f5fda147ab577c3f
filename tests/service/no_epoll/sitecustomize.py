"""Make Python's ``select`` look as on macOS: put this folder on PYTHONPATH."""

import select

del select.epoll
