"""What the report says of a run in words: each sentence follows from the run's record, log and results."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from typing import Any

from ..measures.latents import ACTIVE_NATS
from ..measures.result import Result, shown
from ..runs.capabilities import lacking
from ..runs.run import Run
from ..training import monitor

NOUNS = {"image": "images", "video": "videos", "voxels": "voxel grids", "points": "points"}
TERMS = {
    "active latent dimension": f"One whose KL divergence is more than {ACTIVE_NATS:g} nats: the decoder uses it.",
    "discriminator": "The network that learns to distinguish real samples from generated ones.",
    "ELBO": "Evidence lower bound: what a VAE maximizes, a lower bound on the log-likelihood of an image.",
    "epoch": "As many training samples as the training set has.",
    "FID": "Frechet distance between Gaussians fitted to Inception features of samples and of data; lower is better.",
    "Frechet distance": "Distance between Gaussians fitted to features of samples and of data; lower is better.",
    "IWAE bound": "A lower bound on the log-likelihood from K latents an image, tighter than the ELBO.",
    "KL": "Kullback-Leibler divergence of the latents of an image from the prior: what they say about the image.",
    "latent": "The vector from which the decoder (of a GAN, the generator) makes an image; also called code.",
    "logit": "The discriminator's output before any sigmoid: the larger, the more real an image looks to it.",
    "nats": "The unit of log-probabilities with the natural logarithm; a nat is 1.44 bits.",
    "posterior": "The distribution of the latents of a given image, as the encoder estimates it.",
    "prior": "The distribution from which latents are drawn to sample new images.",
    "reconstruction": "An image encoded and decoded; as a value, how unlikely the image is given its latent.",
}
"""By a word of the report, what it means."""


def opening(run: Run) -> str:
    """What the model is, with its article."""
    title = run.record.recipe.family.title
    return f"{'An' if title[0] in 'aeiou' else 'A'} {title}"


def noun(run: Run) -> str:
    """What the run's samples are called."""
    return "patches" if run.of_patches else NOUNS[run.record.data.format.kind]


def trained(run: Run) -> str:
    """How much data the weights have seen."""
    train, count = run.record.recipe.train, run.record.data.train_count
    if train.steps == 0:
        return f"It was fitted to {count:,} {noun(run)}."
    seen = run.step * train.batch
    of = f"{run.step:,} of {train.steps:,} steps of {train.batch:,} {noun(run)} each"
    return f"It has been trained for {of}: {seen:,} {noun(run)}, or {seen / count:,.1f} epochs of {count:,}."


def headline(results: list[Result]) -> list[tuple[str, str]]:
    """The latest results in a few values with their units."""
    values = {name: value for one in results for name, value in one.values.items() if value is not None}
    fid = next((one.protocols["fid"] for one in reversed(results) if "fid" in one.protocols), {})
    space = "FID" if fid.get("features") == "inception" else f"Frechet distance in {fid.get('features')}"
    if (kl := values.get("kl_per_dimension")) and all(isinstance(one, float) for one in kl):
        values["active"] = f"{sum(one > ACTIVE_NATS for one in kl)} of {len(kl)}"
    if "elbo" in values:
        values.pop("squared_error", None)
    if "copies" in values:
        values["copies"] = "yes" if values["copies"] else "no sign"
    labels = {
        "classification_error": "test error",
        "elbo": "ELBO, nats/image",
        "iwae_bound": f"IWAE bound, K = {shown(values.get('importance_samples'))}",
        "reconstruction": "reconstruction, nats/image",
        "kl": "KL, nats/image",
        "active": "active latent dimensions",
        "squared_error": "squared error per image",
        "frechet_distance": f"{space}, {shown(fid.get('samples'))} samples",
        "copies": "copies of training images",
    }
    texts = {name: one if isinstance(one, str) else f"{one:.2f}" for name, one in values.items() if name in labels}
    if "classification_error" in values:
        texts["classification_error"] = f"{values['classification_error']:.2%}"
    return [(label, texts[name]) for name, label in labels.items() if name in texts]


def single(result: Result) -> dict[str, str]:
    """The values of a result that are one number, as text."""
    values: dict[str, Any] = {}
    for name, value in result.values.items():
        if isinstance(value, dict):
            values |= {f"{name}, {key}": one for key, one in value.items()}
        elif not isinstance(value, list | tuple):
            values[name] = value
    return {name.replace("_", " "): shown(value) for name, value in values.items()}


def no_diagnostic(log: monitor.Log) -> str:
    """What to say where no diagnostic was found: what there was to look at."""
    if not monitor.long_enough(log):
        return "The log is too short to say."
    looked = ["the discriminator's accuracy"]
    if any("generator/gradient_norm" in line for line in log):
        looked.append("the norms of the gradients")
    if any("samples/diversity" in line for line in log):
        looked.append("the diversity of the samples")
    return f"Nothing was found in {', '.join(looked[:-1])}{' and ' * (len(looked) > 1)}{looked[-1]}."


def terms(texts: Iterable[str]) -> dict[str, str]:
    """The terms that stand in these texts, and what they mean."""
    whole = " ".join(texts)
    return {term: meaning for term, meaning in TERMS.items() if re.search(rf"(?i:\b{term})", whole)}


def next_commands(run: Run, program: str = "trompe") -> list[str]:
    """Commands that this run allows, as they are typed in a shell."""

    def can(*capabilities: str) -> bool:
        return lacking(run.predictor, capabilities) is None

    folder, names = shlex.quote(str(run.folder)), run.record.data.format.class_names
    of_class = f" --class {shlex.quote(names[0] if names else '0')}" if run.model.num_classes else ""
    found = []
    if can("prior"):
        found.append(f"sample {folder} -n 64 --out samples.png")
    if can("prior", "images") and not run.model.lifts:
        found.append(f"interpolate {folder} 1 2{of_class} --out row.gif")
    if can("encoder", "decoder", "images"):
        found.append(f"figure latent-map {folder}")
    elif can("discriminator of images", "images"):
        found.append(f"figure discriminator-gradient {folder}")
    if can("reconstruction"):
        found.append(f"reconstruct {folder} -n 32 --out pairs.png")
    return [f"{program} {one}" for one in found]
