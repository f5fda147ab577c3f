"""Runs ministack, by the Python of its own environment, on two ports: TLS for viewers, plain for everybody else.

A distribution's viewers come by https alone; the local tools and the function need no certificate of ours.
"""

import os
import sys

from hypercorn.config import Config
from ministack.app import main

# A property's default: ministack sets the TLS door, on the instance that it makes.
Config._insecure_bind = [f"127.0.0.1:{os.environ['PLAIN_PORT']}"]

if __name__ == "__main__":
    sys.exit(main())
