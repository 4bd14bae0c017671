"""Put what `trompe evaluate --json` printed on record: docs/results/NAME.json, with the command and the machine.

trompe evaluate ... --json | python benchmarks/record_result.py NAME --command "trompe evaluate ..."
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from reporting import conditions

RESULTS = Path(__file__).parent.parent / "docs" / "results"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--command", required=True, help="what printed the result")
    arguments = parser.parse_args()
    result = json.load(sys.stdin)
    for one in result.get("results", [result]):  # not where they lay
        for place in ("run", "images"):
            if place in one:
                one[place] = Path(one[place]).name
    entry = {"command": arguments.command, "machine": conditions(), "result": result}
    (RESULTS / f"{arguments.name}.json").write_text(json.dumps(entry, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
