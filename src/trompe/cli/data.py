"""The command `data`."""

from __future__ import annotations

import json as json_format
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from ..options.data import Size
from ..options.names import ColorName, FitName
from ..text import counted, printable_lines
from .flags import Force, Json
from .outputs import may_write, print_rows, suffix_of, write

if TYPE_CHECKING:
    from ..data.samples import Splits


def data(
    source: Annotated[str | None, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")] = None,
    size: Size = None,
    color: ColorName = "auto",
    fit: FitName = "crop",
    value_range: tuple[float, float] | None = None,
    out: Path | None = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Report on a data set before training on it; alone, list the named sets.

    Args:
        source: A named set, a folder or zip of images, or an array (.npz, .npy, IDX).
        size: Height and width to pack to, one number for a square; by default as they are, or 64 where they differ.
        color: Grayscale or color; by default as the images are.
        fit: How an image of another shape is brought to the size: `crop` its borders, `letterbox` it, or `stretch` it.
        value_range: Levels of black and white in images of more than 8 bits, and the least and largest value in arrays;
            by default what their type, or all of the values, say.
        out: Also draw a sheet of images, a `.png`.
    """
    from ..data.load import load_splits
    from ..data.sources.named import SETS

    if source is None:
        print_rows({name: known.about for name, known in SETS.items()})
        return
    if out is not None:
        suffix_of(out, ".png")
        may_write(out, (source,), force)
    loaded = load_splits(source, size=size, color=color, fit=fit, value_range=value_range)
    report = data_report(loaded)
    print(json_format.dumps(report) if json else printable_lines(in_words(report)))
    if out is not None:
        import numpy as np

        from ..display.grid import evenly, png
        from ..display.samples import shown

        sheet = loaded.train.take(np.array(evenly(len(loaded.train), SHEET)))
        write(out, png(shown(sheet.images_as_floats(), sheet.format)))


def data_report(loaded: Splits) -> dict[str, Any]:
    """What there is to know of a set before training on it."""
    import numpy as np

    train, test = loaded.train, loaded.test
    counts = [] if train.labels is None else np.bincount(train.labels, minlength=train.num_classes).tolist()
    return {
        "name": train.name,
        "train": len(train),
        "test": len(test),
        "kind": train.kind,
        "channels": train.image_shape[0],
        "size": list(train.image_shape[1:]),
        "classes": dict(zip(train.class_names, counts, strict=train.labels is not None)),
        "fingerprint": train.fingerprint,
        "shared": test.fingerprint == train.fingerprint,
        **loaded.report,
    }


SHOWN_CLASSES, SHOWN_BROKEN, SHOWN_IGNORED, SHEET = 12, 20, 5, 100


def in_words(report: dict[str, Any]) -> str:
    """The report as lines of text."""
    size = "x".join(map(str, report["size"]))
    lines = [
        f"{report['name']}: {report['train']:,} images to train on, {report['test']:,} to test on",
        f"as packed: {size}, {'gray' if report['channels'] == 1 else 'color'} (fingerprint {report['fingerprint']})",
    ]
    if found := report.get("layout"):
        lines.append(f"found: {found}")
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
        lines.append(f"this copy is not whole: the set has {partial[0]:,} + {partial[1]:,} images")
    if report["shared"]:
        lines.append("too few to hold any out: all of them serve to train and to test")
    if report.get("duplicates"):
        lines.append(f"{report['duplicates']:,} images are exact duplicates of another, once packed")
    if count := report.get("ignored_files"):
        ignored = report.get("ignored", [])[:SHOWN_IGNORED]
        more = ", ..." if count > len(ignored) else ""
        lines.append(f"ignored, {counted(count, 'other file')}: {', '.join(ignored)}{more}")
    lines += report.get("notes", [])
    if broken := report.get("broken"):
        lines.append(f"skipped, {counted(len(broken), 'broken image')}:")
        lines += [f"  {name}: {reason}" for name, reason in list(broken.items())[:SHOWN_BROKEN]]
        if len(broken) > SHOWN_BROKEN:
            lines.append(f"  and {len(broken) - SHOWN_BROKEN:,} more (`--json` names all)")
    return "\n".join(lines)
