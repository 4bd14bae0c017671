"""Commands that show: `data`, `evaluate`, `figure`, `report`."""

from __future__ import annotations

import json as json_format
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from .inputs import RunFolder, open_run
from .outputs import kind_of

if TYPE_CHECKING:
    from ..data.load import Loaded

FigureName = Literal[
    "samples",
    "reconstructions",
    "filters",
    "corruption",
    "latent-map",
    "traversals",
    "kl",
    "rate-distortion",
    "curves",
    "game",
    "film",
    "progress",
    "spy",
    "climb",
    "field",
]


def data(
    source: Annotated[str | None, tyro.conf.Positional] = None,
    size: int | tuple[int, int] | None = None,
    colour: Literal["auto", "grey", "rgb"] = "auto",
    out: Path | None = None,
    json: bool = False,
) -> None:
    """Report on a data set before training on it, or list the named ones.

    Args:
        source: a named set, or a folder or zip of pictures.
        size: height and width to pack to; by default as they are, or 64 where they differ.
        colour: grey or colour; by default as the pictures are.
        out: also draw a sheet of pictures, a `.png`.
        json: print the report as JSON.
    """
    from ..data.load import load_splits
    from ..data.sources import SETS

    if source is None:
        width = max(map(len, SETS))
        for name, known in SETS.items():
            print(f"{name:{width}}  {known.about}")
        return
    if out is not None:
        kind_of(out, ".png")
    loaded = load_splits(source, size=size, colour=colour)
    report = data_report(loaded)
    print(json_format.dumps(report, ensure_ascii=False) if json else in_words(report))
    if out is not None:
        import numpy as np

        from ..grids import picture_grid, save_picture

        spread = np.unique(np.linspace(0, len(loaded.train) - 1, SHEET).astype(int))
        save_picture(out, picture_grid(loaded.train.take(spread).images_as_floats()))
        print(out)


def data_report(loaded: Loaded) -> dict[str, Any]:
    """What there is to know of a set before training on it."""
    import numpy as np

    train, test = loaded.train, loaded.test
    classes: dict[str, int] = {}
    if train.labels is not None:
        counts = np.bincount(train.labels, minlength=train.num_classes).tolist()
        classes = dict(zip(train.class_names, counts, strict=True))
    return {
        "name": train.name,
        "train": len(train),
        "test": len(test),
        "channels": train.image_shape[0],
        "size": list(train.image_shape[1:]),
        "classes": classes,
        "fingerprint": train.fingerprint,
        "shared": test.fingerprint == train.fingerprint,
        **loaded.report,
    }


SHOWN_CLASSES, SHOWN_BROKEN, SHEET = 12, 20, 100


def in_words(report: dict[str, Any]) -> str:
    """The report as lines of text."""
    size = "x".join(map(str, report["size"]))
    lines = [
        f"{report['name']}: {report['train']:,} pictures to train on, {report['test']:,} to test on",
        f"as packed: {size}, {'grey' if report['channels'] == 1 else 'colour'} (fingerprint {report['fingerprint']})",
    ]
    if classes := report["classes"]:
        shown = ", ".join(f"{name} {count:,}" for name, count in list(classes.items())[:SHOWN_CLASSES])
        more = f", and {len(classes) - SHOWN_CLASSES} more" if len(classes) > SHOWN_CLASSES else ""
        lines.append(f"{len(classes)} classes: {shown}{more}")
    if "sizes" in report:
        common = ", ".join(f"{name} ({count:,})" for name, count in report["sizes"].items())
        low, high = ("x".join(map(str, report[key])) for key in ("smallest", "largest"))
        lines.append(f"{report['distinct_sizes']} sizes, from {low} to {high}; most common: {common}")
        kinds = (", ".join(f"{name} {count:,}" for name, count in report[key].items()) for key in ("modes", "formats"))
        lines.append("modes: {}; formats: {}".format(*kinds))
    if partial := report.get("partial"):
        lines.append(f"this copy is not whole: the set has {partial[0]:,} + {partial[1]:,} pictures")
    if report["shared"]:
        lines.append("too few to hold any out: all of them serve to train and to test")
    if report.get("duplicates"):
        lines.append(f"{report['duplicates']:,} pictures are exact duplicates of another, once packed")
    if report.get("ignored_files"):
        lines.append(f"{report['ignored_files']:,} other files are ignored")
    if broken := report.get("broken"):
        lines.append(f"{len(broken):,} broken pictures are skipped:")
        lines += [f"  {name}: {reason}" for name, reason in list(broken.items())[:SHOWN_BROKEN]]
        if len(broken) > SHOWN_BROKEN:
            lines.append(f"  and {len(broken) - SHOWN_BROKEN:,} more (`--json` names all)")
    return "\n".join(lines)


def figure(
    name: Annotated[FigureName, tyro.conf.Positional],
    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN")],
    data: str | None = None,
    out: Path | None = None,
    device: str | None = None,
) -> None:
    """Draw one figure of a run, or of several side by side.

    Args:
        name: which figure. `reconstructions`, `filters` and `rate-distortion` compare several runs. `corruption`:
            pictures, what a denoising run's input suffers, and what it restores. `latent-map`: where the encoder puts
            the data, what the decoder makes of the plane, and both. `traversals`: one code number at a time. `kl`:
            which numbers are used. `film`: the samples of the training from one noise, as a GIF. Of a GAN, `game`: what
            the discriminator is right about, gradients, and the variety of samples; `progress`: real pictures and
            generated ones at each snapshot (with `--out` also a GIF); `spy`: what the discriminator's gradient would
            change in fakes and in real pictures; `climb`: fakes, or with `--data` real pictures, that follow it, as a
            GIF; `field`: a GAN in the plane, both players at each snapshot, as a GIF or a PNG.
        runs: the run folder, or several.
        data: pictures to draw it with, as in `mnist:test`, or one picture file; by default what the (first) run was
            trained to test on.
        out: the file to write; by default under `figures/` in the (first) run.
        device: `cpu`, `cuda`, ...; by default the best there is.
    """
    from ..errors import TrompeError
    from ..figures.named import draw, kinds_of
    from ..files import write_bytes

    of_data = "" if data is None else "-" + re.sub(r"\W+", "-", data).strip("-")
    if not runs:
        raise TrompeError("no run folder was given", hint=f"give one: `trompe figure {name} runs/mine`")
    against = "".join(f"-{run.resolve().name}" for run in runs[1:])
    path = out or runs[0] / "figures" / f"{name}{against}{of_data}{kinds_of(name)[0]}"
    kind = kind_of(path, *kinds_of(name))
    write_bytes(path, draw(name, [open_run(run, device) for run in runs], data, kind))
    print(path)


def report(run: RunFolder, out: Path | None = None, device: str | None = None) -> None:
    """Write a run's report: one HTML file that opens in any browser.

    Args:
        run: the run folder.
        out: the file to write; by default `report.html` in the run.
        device: `cpu`, `cuda`, ...; by default the best there is.
    """
    from ..report import write_report

    if out is not None:
        kind_of(out, ".html")
    print(write_report(open_run(run, device), out))
