"""Stands in for the Lambda runtime, in a process of its own: `python -I -S runtime.py FOLDER`.

Imports the function from the unpacked package alone, answers each event of standard input (one a line) with a line on
standard output, and at the end says which modules were loaded, from which files and bytecode.
"""

import json
import sys


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    from delete_fn.app import handler

    for line in sys.stdin:
        print(json.dumps(handler(json.loads(line), None)), flush=True)
    modules = {
        name: [getattr(module, "__file__", None), getattr(module, "__cached__", None)]
        for name, module in list(sys.modules.items())
    }
    print(json.dumps(modules))


if __name__ == "__main__":
    main()
