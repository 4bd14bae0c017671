"""The explorer's server under many clients: latency of the decoding of one latent, and requests a second.

The server is a real one, `trompe explore RUN`, in a process of its own, asked over loopback. A client moves its
pointer: it asks for the image of one latent, waits for it, and asks for the next, at most 60 times a second. `beside
tiles` is the same while another client asks for 400 images at a time without a pause. `in Python` is the same decoding
called in this process without a server, which no server can be faster than. Times are those of all requests of all
rounds; each round has every case in turn. Clients share the machine with the server and take a part of it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from reporting import conditions, note, report
from serving import served

POINTER_SECONDS = 1 / 60
TILES = 400


@dataclass(frozen=True)
class Case:
    clients: int
    beside_tiles: bool = False

    @property
    def name(self) -> str:
        clients = f"{self.clients} client{'s' * (self.clients > 1)}"
        return f"{clients} beside tiles" if self.beside_tiles else clients


CASES = [Case(1), Case(10), Case(50), Case(1, True), Case(10, True)]


@dataclass
class Measured:
    """Of a case: seconds of each request, seconds in all, failed requests, answers that the other client had."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0
    errors: int = 0
    tiles: int = 0

    def values(self) -> dict[str, float]:
        return {
            "median_ms": 1e3 * statistics.median(self.latencies),
            "p99_ms": 1e3 * float(np.quantile(self.latencies, 0.99)),
            "requests_per_second": len(self.latencies) / self.seconds,
            "errors": self.errors,
            "tiles_per_second": TILES * self.tiles / self.seconds,
        }


def main() -> None:
    arguments = parsed()
    before = conditions()
    found = {"in Python": in_python(arguments.run, arguments.seconds), **{case.name: Measured() for case in CASES}}
    with served(arguments.run) as address:
        asyncio.run(measure(address, found, arguments.rounds, arguments.seconds))
    values = {name: one.values() for name, one in found.items()}
    header = ["one latent decoded", "median ms", "p99 ms", "requests/s", "errors", "tiles/s"]
    rows = [
        [name, f"{one['median_ms']:.2f}", f"{one['p99_ms']:.2f}", f"{one['requests_per_second']:,.0f}",
         str(one["errors"]), f"{one['tiles_per_second']:,.0f}" if "beside" in name else ""]
        for name, one in values.items()
    ]  # fmt: skip
    given = {"run": arguments.run.name, "rounds": arguments.rounds, "seconds": arguments.seconds}
    report(header, rows, given | {"cases": values}, before, arguments.json)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a run folder")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4, help="of each case in a round (default 4)")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


def in_python(run: Path, seconds: float) -> Measured:
    import trompe

    found, model = Measured(), trompe.load(run)
    latent, labels = np.zeros((1, *model.model.latent_shape), np.float32), [0] if model.model.num_classes else None
    model.decode(latent, labels)
    began = time.perf_counter()
    while (start := time.perf_counter()) < began + seconds:
        model.decode(latent, labels)
        found.latencies.append(time.perf_counter() - start)
    found.seconds = time.perf_counter() - began
    return found


class Client:
    """One connection that is kept, with no more of HTTP than this server's answers need."""

    def __init__(self, address: str) -> None:
        self.host = urlsplit(address).netloc

    async def __aenter__(self) -> Client:
        name, port = self.host.rsplit(":", 1)
        self.reader, self.writer = await asyncio.open_connection(name, int(port))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """The status and the body of an answer."""
        head = f"{method} /{path} HTTP/1.1\r\nhost: {self.host}\r\ncontent-length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        answered = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = re.search(r"^content-length: (\d+)", answered, re.M)
        return int(answered.split()[1]), await self.reader.readexactly(int(length[1]) if length else 0)


async def measure(address: str, found: dict[str, Measured], rounds: int, seconds: float) -> None:
    async with Client(address) as client:
        (run,) = json.loads((await client.ask("GET", "api/runs"))[1])
        about = json.loads((await client.ask("GET", f"api/runs/{run['name']}"))[1])
        query = "?label=0" if about["conditional"] else ""
        path, shape = f"api/runs/{run['name']}/decode{query}", about["latent_shape"]
        await client.ask("POST", path, latents(1, shape))
    for number in range(rounds):
        for case in CASES:
            await measure_case(address, path, shape, case, seconds, found[case.name])
        note(f"round {number + 1} of {rounds}")


async def measure_case(address: str, path: str, shape: list[int], case: Case, seconds: float, found: Measured) -> None:
    began = time.perf_counter()
    ends = began + seconds

    async def move_pointer() -> None:
        async with Client(address) as client:
            while (start := time.perf_counter()) < ends:
                status, _ = await client.ask("POST", path, latents(1, shape))
                taken = time.perf_counter() - start
                found.latencies.append(taken)
                found.errors += status != 200
                await asyncio.sleep(max(0, POINTER_SECONDS - taken))

    async def ask_for_tiles() -> None:
        async with Client(address) as client:
            while time.perf_counter() < ends:
                status, _ = await client.ask("POST", path, latents(TILES, shape))
                found.tiles += status == 200

    others = [ask_for_tiles()] if case.beside_tiles else []
    await asyncio.gather(*(move_pointer() for _ in range(case.clients)), *others)
    found.seconds += time.perf_counter() - began


def latents(count: int, shape: list[int]) -> bytes:
    values: Any = np.random.default_rng().uniform(-1, 1, (count, *shape))
    return values.astype("<f4").tobytes()


if __name__ == "__main__":
    main()
