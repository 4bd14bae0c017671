"""Commands that work with codes: `decode`, `interpolate`, `arithmetic`, `invert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from ..errors import TrompeError
from .inputs import ClassName, Pictures, RunFolder, code_of, codes_in, inputs, label_of, open_run
from .outputs import kind_of, save_arrays, write_images

BESIDE = 4
"""Pictures of codes near a result, at the fewest."""

Codes = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="CODES")]


def decode(
    run: RunFolder,
    codes: Codes,
    out: Path = Path("decoded.png"),
    class_name: ClassName = None,
    device: str | None = None,
) -> None:
    """Decode codes to pictures.

    Args:
        run: the run folder.
        codes: an `.npz` with the array `codes`, as `encode` and `invert` write it.
        out: a `.png` grid, an `.npz` array, or a folder for one file each.
        class_name: the class to make, where the model is class-conditional; by default what the file says of each.
        device: `cpu`, `cuda`, ...; by default the best there is.
    """
    kind = kind_of(out, ".png", ".npz", "")
    opened = open_run(run, device)
    found, labels = codes_in(opened, codes)
    if class_name is not None or labels is None:
        label = label_of(opened, class_name)
        labels = label and label * len(found)
    write_images(out, kind, opened.decode(found, labels), None)


def interpolate(
    run: RunFolder,
    start: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FROM")],
    end: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TO")],
    steps: int = 9,
    path: Literal["linear", "spherical"] = "linear",
    out: Path = Path("interpolation.png"),
    class_name: ClassName = None,
    device: str | None = None,
) -> None:
    """Walk from one picture's code to another's.

    Args:
        run: the run folder.
        start: a picture file; a seed, or `SEED:PLACE` for another of the pictures of `trompe sample --seed SEED`, from
            0; or an `.npz` of codes, `FILE.npz:PLACE` for another than its first.
        end: likewise.
        steps: pictures in the row, both ends among them.
        path: in a straight line, or on an arc whose codes are as long as samples' are, which suits a normal prior.
        out: a `.png` row, a `.gif` that goes there and back, or an `.npz`.
        class_name: the class to make, where the model is class-conditional.
        device: `cpu`, `cuda`, ...; by default the best there is.
    """
    from ..codes import between
    from ..files import write_bytes
    from ..grids import gif, picture_grid

    kind = kind_of(out, ".png", ".gif", ".npz")
    if steps < 2:
        raise TrompeError(f"an interpolation of {steps} pictures has no two ends", hint="give `--steps` from 2 on")
    opened = open_run(run, device)
    label = label_of(opened, class_name)
    first, last = (code_of(opened, end_name, label) for end_name in (start, end))
    codes = between(first, last, steps, path)
    images = opened.decode(codes, label and label * steps)
    if kind == ".gif":
        frames = [picture_grid(image[None], 1) for image in images]
        write_bytes(out, gif(frames + frames[-2:0:-1], seconds_each=0.12))
        print(out)
    else:
        write_images(out, kind, images, columns=steps)


def arithmetic(
    run: RunFolder,
    take: tuple[str, ...],
    minus: tuple[str, ...],
    plus: tuple[str, ...],
    out: Path = Path("arithmetic.png"),
    class_name: ClassName = None,
    device: str | None = None,
) -> None:
    """Reckon with codes: the mean of some, minus that of others, plus that of others still.

    Each group is a row that begins with the picture of its mean code; the last row begins with the result, and goes on
    with pictures of codes near it.

    Args:
        run: the run folder.
        take: each a picture file, a seed, `SEED:PLACE`, or an `.npz` of codes, as for `interpolate`.
        minus: what has in common with them what is to be taken away.
        plus: what has instead what is to be added.
        out: a `.png`, or an `.npz` of the resulting code, which other commands take.
        class_name: the class to make, where the model is class-conditional.
        device: `cpu`, `cuda`, ...; by default the best there is.
    """
    import torch

    from ..codes import near
    from ..figures.rows import drawn
    from ..figures.style import figure_png
    from ..files import write_bytes

    kind = kind_of(out, ".png", ".npz")
    opened = open_run(run, device)
    label = label_of(opened, class_name)
    groups = [torch.cat([code_of(opened, name, label) for name in names]) for names in (take, minus, plus)]
    means = [group.mean(0, keepdim=True) for group in groups]
    result = means[0] - means[1] + means[2]
    if kind == ".npz":
        save_arrays(out, codes=result.numpy())
    else:
        shown = [torch.cat([mean, group]) for mean, group in zip(means, groups, strict=True)]
        shown.append(torch.cat([result, near(opened.model, result, max(BESIDE, *map(len, groups)))]))
        signs = ("take: mean, each", "minus: mean, each", "plus: mean, each", "result, near it")
        rows = [(sign, opened.decode(row, label and label * len(row))) for sign, row in zip(signs, shown, strict=True)]
        write_bytes(out, figure_png(drawn(rows)))
    print(out)


def invert(
    run: RunFolder,
    pictures: Pictures = (),
    data: str | None = None,
    count: Annotated[int, tyro.conf.arg(aliases=["-n"])] = 8,
    method: Literal["all", "encoder", "descent", "both"] = "all",
    steps: int = 300,
    starts: int = 8,
    seed: int = 0,
    out: Path = Path("inversion.npz"),
    class_name: ClassName = None,
    json: bool = False,
    device: str | None = None,
) -> None:
    """Find the codes that make given pictures, by each way there is.

    Writes the best code of each picture, for every command that takes codes, and beside it a `.png`: the pictures, what
    each way comes to, and its error after each step.

    Args:
        run: the run folder.
        pictures: picture files, scaled to the run's size; by default pictures of `--data`.
        data: a set, as in `mnist:test`; by default what the run was trained to test on.
        count: how many pictures of the set.
        method: `descent` from several codes of the prior, `encoder` where there is one, `both`: descent from the
            encoder's code; or `all` of them.
        steps: of the descent.
        starts: codes of the prior that `descent` starts from; the best end is kept.
        seed: of these codes.
        out: an `.npz`: `codes`, and of each way `codes_...` and `errors_...`.
        class_name: the class of the picture files, where the model is class-conditional.
        json: print the errors as JSON.
        device: `cpu`, `cuda`, ...; by default the best there is.
    """
    from json import dumps

    import numpy as np

    from ..figures.inversions import best_codes, inversions
    from ..figures.style import figure_png
    from ..files import write_bytes
    from ..inversion import Inversion, methods_of
    from ..inversion import invert as inverted

    kind_of(out, ".npz")
    opened = open_run(run, device)
    images, labels, _, _ = inputs(opened, pictures, data, None if pictures else count, class_name)
    ways = methods_of(opened) if method == "all" else (method,)
    if not ways:
        raise TrompeError("this model has neither an encoder nor a prior", hint="train a GAN, a VAE or an autoencoder")
    found: dict[str, Inversion] = {
        way: inverted(opened, images, labels, method=way, steps=steps, starts=starts, seed=seed) for way in ways
    }
    errors = {way: float(one.errors[-1].mean()) for way, one in found.items()}
    arrays: dict[str, Any] = {f"codes_{way}": one.codes.numpy() for way, one in found.items()}
    arrays |= {f"errors_{way}": one.errors.numpy() for way, one in found.items()}
    if labels is not None:
        arrays["labels"] = np.asarray(labels)
    save_arrays(out, codes=best_codes(found).numpy(), **arrays)
    picture = out.with_suffix(".png")
    write_bytes(picture, figure_png(inversions(images, found)))
    if json:
        asked = {"pictures": len(images), "steps": steps, "starts": starts, "seed": seed}
        print(dumps({"run": str(run), "step": opened.step, **asked, "mean_squared_error": errors}))
        return
    for way, error in errors.items():
        print(f"{way:8} {error:.5f}  mean squared error of a grey level")
    print(out)
    print(picture)
