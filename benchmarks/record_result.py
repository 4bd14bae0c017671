"""Put what `trompe evaluate --json` printed on record: docs/results/NAME.json, with the command and the machine.

trompe evaluate ... --json | python benchmarks/record_result.py NAME --command "trompe evaluate ..."
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from reporting import RESULTS, conditions, write


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--command", required=True, help="the command that printed the result")
    arguments = parser.parse_args()
    result = json.load(sys.stdin)
    for one in result.get("results", [result]):  # `run` is the run of `trompe invert`
        one.update({key: Path(one[key]).name for key in ("source", "run") if key in one})  # without its folder
    entry = {"command": arguments.command, "machine": conditions(), "result": result}
    write(RESULTS / f"{arguments.name}.json", entry)


if __name__ == "__main__":
    main()
