"""Stand in for the Lambda runtime, in a separate process: `python -I -S runtime.py FOLDER`.

Imports the function from the unpacked package alone. Reads one event a line from standard input, and writes
each response as a line to standard output. At the end it says which modules were loaded, from which files and bytecode.
Only this machine can be called: a test with the endpoints of AWS must have the same outcome with a network and without.
"""

import json
import sys


def stay_here(event: str, arguments: tuple[object, ...]) -> None:
    if event == "socket.getaddrinfo" and arguments[0] not in ("127.0.0.1", "localhost"):
        raise OSError("there is no way out of the tests")


def main() -> None:
    sys.addaudithook(stay_here)
    sys.path.insert(0, sys.argv[1])
    from delete_fn.handler import handler

    for line in sys.stdin:
        print(json.dumps(handler(json.loads(line), None)), flush=True)
    modules = {
        name: [getattr(module, "__file__", None), getattr(module, "__cached__", None)]
        for name, module in list(sys.modules.items())
    }
    print(json.dumps(modules))


if __name__ == "__main__":
    main()
