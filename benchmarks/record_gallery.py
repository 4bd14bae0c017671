"""Put a gallery's values and times on record: docs/results/gallery.json, or gallery-quick.json.

python benchmarks/record_gallery.py gallery
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from reporting import RESULTS, write

from trompe.gallery.make import KEPT


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="of a gallery")
    folder = parser.parse_args().folder
    found = {path.parent.name: json.loads(path.read_text()) for path in sorted(folder.glob(f"*/{KEPT}"))}
    for quick in (False, True):
        entries = {}
        for key, one in found.items():
            if one["quick"] == quick:
                kept = {name: one[name] for name in ("seconds", "steps", "machine")}
                values = [item for item in one["items"] if item["kind"] == "value"]
                protocols = [item["caption"] for item in one["items"] if item["kind"] == "picture" and item["caption"]]
                entries[key] = kept | {
                    "training_seconds": sum(one["training_seconds"].values()),
                    "values": values,
                    "captions": protocols,
                }
        if entries:
            write(RESULTS / f"gallery{'-quick' * quick}.json", {"entries": entries})


if __name__ == "__main__":
    main()
