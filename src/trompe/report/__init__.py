"""The report: one HTML file that explains a run, opens in any browser, and needs nothing beside it."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from matplotlib.figure import Figure

from .. import __version__, doctor
from ..data.arrays import ImageData
from ..figures.comparison import corruption
from ..figures.filters import filters
from ..figures.history import curves, game, terms
from ..figures.latents import kl_bars, kl_per_number, traversals
from ..figures.maps import latent_map
from ..figures.style import figure_png
from ..files import write_bytes
from ..grids import Pixels, picture_grid, png, side_by_side
from ..measures.bounds import ACTIVE_NATS
from ..measures.results import COPIES_NAME, read_measures, shown
from ..options import DenoisingOptions, MLPOptions
from ..rules import flat, to_json
from ..run import Run

REPORT_NAME = "report.html"
COPIES_PLACE = Path("figures", COPIES_NAME)
KINDS = {
    "vae": "variational autoencoder",
    "autoencoder": "plain autoencoder",
    "denoising": "denoising autoencoder",
    "stacked": "stacked autoencoder",
    "pca": "principal component analysis",
    "gan": "generative adversarial network",
    "bigan": "bidirectional generative adversarial network",
    "vae-gan": "variational autoencoder with a discriminator",
    "aae": "adversarial autoencoder",
}
FRAMES = 24
"""At most so many pictures of progress are put into a report."""


def write_report(run: Run, path: Path | None = None, data: ImageData | None = None) -> Path:
    """Draw everything there is to see of a run into one HTML file, by default `report.html` in its folder, with these
    pictures, by default those it was trained to test on.
    """
    path = path or run.folder / REPORT_NAME
    environment = Environment(
        loader=PackageLoader("trompe.report", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("template.html").render(**contents(run, data or run.data()))
    write_bytes(path, page.encode())
    return path


def contents(run: Run, data: ImageData) -> dict[str, Any]:
    """What the template shows."""
    record, model = run.record, run.model
    shown = data.take(slice(0, 32))
    measures = read_measures(run.folder)
    own = [one for one in measures if one["step"] == run.step and one["protocol"]["data"] == data.name]
    samples, images, encodes = model.prior is not None, record.data.image_shape, model.encoder is not None
    return {
        "name": record.recipe.name,
        "version": __version__,
        "folder": str(run.folder),
        "step": run.step,
        "steps": record.recipe.train.steps,
        "parameters": f"{sum(parameter.numel() for parameter in model.parameters()):,}",
        "kind": KINDS[record.recipe.family.kind],
        "fitted": record.recipe.train.steps == 0,
        "latent": model.latent,
        "data": record.data,
        "shape": "x".join(map(str, record.data.image_shape[1:])),
        "colour": "grey" if record.data.image_shape[0] == 1 else "colour",
        "headline": headline(own),
        "measures": [tabled(one) for one in measures],
        "copies": inline((run.folder / COPIES_PLACE).read_bytes()) if (run.folder / COPIES_PLACE).exists() else None,
        "film": [{"step": step, "picture": inline(path.read_bytes())} for step, path in thinned(run.film)],
        "samples": picture(picture_grid(run.sample(64, seed=1), 8)) if samples else None,
        "reconstructions": picture(side_by_side(shown.images_as_floats(), run.reconstruct(shown))) if encodes else None,
        "curves": drawn(curves(run)) if terms(run.log) else None,
        "game": drawn(game(run)) if model.discriminator is not None and run.log else None,
        "signs": doctor.signs(run.log, record.recipe),
        "told": doctor.long_enough(run.log),
        "corruption": drawn(corruption(run, data)) if isinstance(record.recipe.family, DenoisingOptions) else None,
        "filters": drawn(filters([run]))
        if encodes and isinstance(record.recipe.nets, MLPOptions) and len(images) == 3
        else None,
        "map": drawn(latent_map(run, data)) if encodes else None,
        "seen": record.data.train_count < 20,
        "plane": model.latent <= 2,
        "bars": drawn(kl_bars(run, kl_per_number(run, data))) if encodes and model.latent > 2 else None,
        "traversals": picture(traversals(run, data)) if encodes or samples else None,
        "encodes": encodes,
        "prior": model.prior,
        "told_class": model.num_classes > 0,
        "recipe": flat(to_json(record.recipe)),
    }


def headline(measures: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The latest results in a few numbers with their units."""
    figures = {name: value for one in measures for name, value in one["figures"].items()}
    numbers = []
    if "classification_error" in figures:
        numbers.append(("mistaken classes", f"{figures['classification_error']:.2%}"))
    if "elbo" in figures:
        kl = figures["kl_per_number"]
        numbers += [
            ("ELBO, nats", f"{figures['elbo']:.2f}"),
            (f"importance bound, {figures.get('codes', '?')} codes", f"{figures['importance_bound']:.2f}"),
            ("reconstruction, nats", f"{figures['reconstruction']:.2f}"),
            ("KL, nats", f"{figures['kl']:.2f}"),
            ("code numbers alive", f"{sum(one > ACTIVE_NATS for one in kl)} of {len(kl)}"),
        ]
    elif "squared_error" in figures:
        numbers.append(("squared error a picture", f"{figures['squared_error']:.2f}"))
    distances = [one["protocol"]["fid"] for one in measures if "frechet_distance" in one["figures"]]
    if distances:
        space = f"{distances[-1]['features']}, {distances[-1]['samples']:,} samples"
        numbers.append((f"Frechet distance ({space})", f"{figures['frechet_distance']:.2f}"))
    if "copies" in figures:
        numbers.append(("copies of training pictures", "yes" if figures["copies"] else "no sign"))
    return numbers


def tabled(result: dict[str, Any]) -> dict[str, Any]:
    """A result as rows of text: figures that are one number, and the protocol of all measures and of each."""
    shared, nested = {}, []
    for name, value in result["protocol"].items():
        if isinstance(value, dict):
            nested.append((name, ", ".join(f"{key} {one}" for key, one in value.items())))
        else:
            shared[name] = value
    single = {name: value for name, value in result["figures"].items() if not isinstance(value, list | tuple | dict)}
    return {
        "step": result["step"],
        "figures": {name.replace("_", " "): shown(value) for name, value in single.items()},
        "probes": result["figures"].get("probes", []),
        "protocol": [*shared.items(), *nested],
    }


def thinned(film: list[tuple[int, Path]]) -> list[tuple[int, Path]]:
    """The pictures of progress, thinned out evenly to what a report can hold, the last one among them."""
    if len(film) <= FRAMES:
        return film
    return [film[round(place * (len(film) - 1) / (FRAMES - 1))] for place in range(FRAMES)]


def inline(content: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(content).decode()


def picture(pixels: Pixels) -> str:
    return inline(png(pixels))


def drawn(made: Figure) -> str:
    return inline(figure_png(made))
