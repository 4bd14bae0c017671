"""Commands that work with latents: `decode`, `interpolate`, `arithmetic`, `invert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from ..errors import TrompeError
from .flags import (
    Class,
    Count,
    Data,
    Device,
    Folder,
    Force,
    Images,
    Json,
    check_paths,
    inputs,
    label_of,
    latent_of,
    latents_in,
    open_run,
)
from .outputs import PICTURES, may_write, suffix_of, write, write_images

NEARBY = 4
"""Images of latents near a result, at least."""

Latents = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="LATENTS")]


def decode(
    run: Folder,
    latents: Latents,
    out: Path = Path("decoded.png"),
    class_name: Class = None,
    force: Force = False,
    device: Device = None,
) -> None:
    """Decode latents to images.

    Args:
        latents: An `.npz` with the array `latents`, as `encode` and `invert` write it.
            Its labels serve a class-conditional model, unless `--class` is given.
        out: A `.png`, `.jpg` or `.webp` with a grid, or with one image as it is; an `.npz`; or a folder with a file for
            each image.
    """
    suffix_of(out, *PICTURES, ".npz", "")
    check_paths(run)
    may_write(out, (latents,), force)
    opened = open_run(run, device)
    found, labels = latents_in(opened, latents)
    if class_name is not None or labels is None:
        label = label_of(opened, class_name)
        labels = label and label * len(found)
    write_images(out, opened.decode(found, labels), opened)


def interpolate(
    run: Folder,
    start: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FROM")],
    end: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TO")],
    steps: int = 9,
    path: Literal["linear", "spherical"] = "linear",
    out: Path = Path("interpolation.png"),
    class_name: Class = None,
    force: Force = False,
    device: Device = None,
) -> None:
    """Interpolate between two latents.

    Args:
        start: An image file, a seed (the first image of `trompe sample --seed SEED`), or an `.npz` of latents.
            `SEED:INDEX` and `FILE.npz:INDEX` are further images and latents, counted from 0.
        end: The other end, given in the same way.
        steps: Images in the row, both ends included.
        path: A straight line, or an arc whose latents are as long as those of samples, which suits a normal prior.
        out: A row in a `.png`, `.jpg` or `.webp`, a `.gif` that goes there and back, or an `.npz`.
    """
    suffix = suffix_of(out, *PICTURES, ".gif", ".npz")
    if steps < 2:
        raise TrompeError(f"an interpolation of {steps} images has no two ends", hint="give `--steps` at least 2")
    check_paths(run)
    may_write(out, (start, end), force)
    from ..analysis.paths import between
    from ..display.grid import gif, image_grid

    opened = open_run(run, device)
    label = label_of(opened, class_name)
    first, last = (latent_of(opened, name, label) for name in (start, end))
    images = opened.decode(between(first, last, steps, path), label and label * steps)
    if suffix == ".gif":
        frames = [image_grid(image[None], 1) for image in images]
        write(out, gif(frames + frames[-2:0:-1], seconds_each=0.12))
    else:
        write_images(out, images, opened, steps)


def arithmetic(
    run: Folder,
    take: tuple[str, ...],
    minus: tuple[str, ...],
    plus: tuple[str, ...],
    out: Path = Path("arithmetic.png"),
    class_name: Class = None,
    force: Force = False,
    device: Device = None,
) -> None:
    """Latent-space arithmetic: mean(A) - mean(B) + mean(C).

    Each group is a row that begins with the image of its mean latent; the last row begins with the result, and goes on
    with images of latents near it.

    Args:
        take: The group A: image files, seeds, `SEED:INDEX`, or `.npz` files of latents, as for `interpolate`.
        minus: The group B, with the attribute to remove.
        plus: The group C, with the attribute to add.
        out: A `.png`, or an `.npz` of the resulting latent, which other commands take.
    """
    suffix = suffix_of(out, ".png", ".npz")
    check_paths(run)
    may_write(out, (*take, *minus, *plus), force)
    import torch

    from ..analysis.paths import near
    from ..figures.rows import drawn

    opened = open_run(run, device)
    label = label_of(opened, class_name)
    groups = [torch.cat([latent_of(opened, name, label) for name in names]) for names in (take, minus, plus)]
    means = [group.mean(0, keepdim=True) for group in groups]
    result = means[0] - means[1] + means[2]
    if suffix == ".npz":
        write(out, {"latents": result.numpy()})
        return
    groups.append(near(opened.model, result, max(NEARBY, *map(len, groups))))
    rows = [torch.cat(pair) for pair in zip([*means, result], groups, strict=True)]
    names = ("A: mean, each", "- B: mean, each", "+ C: mean, each", "result, near it")
    images = [opened.decode(row, label and label * len(row)) for row in rows]
    write(out, drawn(list(zip(names, images, strict=True))))


def invert(
    run: Folder,
    files: Images = (),
    data: Data = None,
    count: Count = 8,
    method: Literal["all", "encoder", "descent", "both"] = "all",
    steps: int = 300,
    starts: int = 8,
    seed: int = 0,
    out: Path = Path("inversion.npz"),
    class_name: Class = None,
    json: Json = False,
    force: Force = False,
    device: Device = None,
) -> None:
    """Find the latents that generate given images.

    Writes the best latent of each image, for every command that takes latents, and beside it a `.png`: the images, what
    each method finds for them, and its error after each step.

    Args:
        files: Image files, scaled to the run's size; by default images of `--data`.
        count: Number of images of the set.
        method: `descent` from latents of the prior, the `encoder`'s latent, descent from there (`both`), or `all`.
        steps: Steps of the descent.
        starts: Latents of the prior from which `descent` starts; the best end is kept.
        seed: Seed of the latents that `descent` starts from.
        out: An `.npz` of `latents`, and of `latents_METHOD` and `errors_METHOD` for each method.
    """
    suffix_of(out, ".npz")
    check_paths(run, files, data)
    for path in (out, out.with_suffix(".png")):
        may_write(path, (*files, data), force)
    from json import dumps

    from ..analysis.inversion import Inversion, methods_of
    from ..analysis.inversion import invert as inverted
    from ..figures.inversions import best_latents, inversions

    opened = open_run(run, device)
    images, labels, _, _ = inputs(opened, files, data, count, class_name)
    methods = methods_of(opened.predictor) if method == "all" else (method,)
    if not methods:
        raise TrompeError("this model has neither an encoder nor a prior", hint="train a GAN, a VAE or an autoencoder")
    found: dict[str, Inversion] = {
        one: inverted(opened.predictor, images, labels, method=one, steps=steps, starts=starts, seed=seed)
        for one in methods
    }
    errors = {name: float(one.errors[-1].mean()) for name, one in found.items()}
    arrays: dict[str, Any] = {"latents": best_latents(found).numpy()} | ({} if labels is None else {"labels": labels})
    for name, one in found.items():
        arrays |= {f"latents_{name}": one.latents.numpy(), f"errors_{name}": one.errors.numpy()}
    if not json:
        for name, error in errors.items():
            print(f"{name:8} {error:.5f}  mean squared error per pixel")
    write(out, arrays, quiet=json)
    write(out.with_suffix(".png"), inversions(images, found), quiet=json)
    if json:
        settings = {"images": len(images), "steps": steps, "starts": starts, "seed": seed}
        print(dumps({"run": str(run), "step": opened.step, **settings, "mean_squared_error": errors}))
