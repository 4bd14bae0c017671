"""The measures by name: what each needs of a model and of the data, and what it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.arrays import ImageData
from ..data.synthetic import DEVIATION, MIXTURES, points_of
from ..errors import TrompeError
from ..grids import Pixels, side_by_side
from ..model import Model
from ..progress import note
from ..run import Run
from .annealed import annealed_bound
from .bounds import levels_of, likelihood
from .codes import code_content, separation
from .features import Extracted, PixelFeatures, extract
from .frechet import Moments, frechet_distance
from .kernel import kernel_distance
from .memorisation import exact_copies, held_out_samples, memorisation, repeated
from .modes import ModeCoverage, digit_modes, gaussian_modes
from .needs import Need, modes_of, shapes_apart
from .precision_recall import NEIGHBOURS, inception_score, precision_recall
from .probe import classification_error, probes
from .reconstruction import copying, expected, squared_errors, standardised
from .similarity import peak_signal_to_noise, structural_similarity, window_for
from .subject import Subject

ABOUT_DATA = ("data", "fingerprint", "size")
"""What moments say of their pictures, not of how they were taken."""
SHOWN_COPIES = 32
SEPARATED = 10_000
"""The silhouette compares all pairs, so no more pictures than these."""


@dataclass(frozen=True)
class Measured:
    """What a measure found, what must be equal for two of its figures to be compared, and a picture to look at."""

    figures: dict[str, Any]
    protocol: dict[str, Any] = field(default_factory=dict)
    picture: Pixels | None = None


@dataclass(frozen=True)
class Measure:
    """A measure: what it is, what it needs, and the function; whether it is taken where none is named, of a run and of
    pictures.
    """

    about: str
    needs: tuple[Need, ...]
    take: Callable[[Subject], Measured]
    usual: bool = False
    usual_of_pictures: bool = False
    fewest: int = 1
    """So many samples, and pictures to compare them with, it takes at least."""


# Reconstructions and codes


def reconstruction_of(subject: Subject) -> Measured:
    run, data = subject.trained, subject.test
    window = window_for(data.image_shape)

    def compared(model: Model, images: Tensor, labels: Tensor | None) -> Tensor:
        back = expected(model, images, labels).clamp(0, 1)
        alike = structural_similarity(images, back, window) if window else torch.full((len(images),), torch.nan)
        return torch.stack(
            [squared_errors(model, images, labels), peak_signal_to_noise(images, back), alike.to(images.device)], 1
        )

    error, noise, alike = run.apply(compared, data).mean(0).tolist()
    figures = {"squared_error": error, "psnr": noise}
    if window:
        figures["ssim"] = alike
    if (scale := standardised(run)) is not None:
        figures["standardised_error"] = error / scale
    return Measured(figures | {"copying": copying(run, data, subject.options.seed)}, {"ssim_window": window})


def classification_of(subject: Subject) -> Measured:
    return Measured({"classification_error": classification_error(subject.trained, subject.test)})


def probe_of(subject: Subject) -> Measured:
    train = subject.taught()
    found = probes(subject.trained, train, subject.test)
    figures = {"probes": [asdict(probe) for probe in found]}
    return Measured(figures, {"probe": train.name, "probe_fingerprint": train.fingerprint})


def separation_of(subject: Subject) -> Measured:
    test = subject.test.take(slice(0, SEPARATED))
    assert test.labels is not None
    found = separation(subject.trained.encode(test).numpy(), test.labels)
    return Measured(asdict(found), {"separated": len(test)})


# Likelihoods


def likelihood_of(subject: Subject) -> Measured:
    run, options = subject.trained, subject.options
    measured = likelihood(run, subject.test, codes=options.codes, seed=options.seed)
    return Measured(asdict(measured), likelihood_protocol(run) | {"codes": options.codes})


def annealed_of(subject: Subject) -> Measured:
    run, options = subject.trained, subject.options
    annealed = annealed_bound(run, subject.test, seed=options.seed, limit=options.limit)
    plain = likelihood(run, subject.test, codes=options.codes, seed=options.seed, limit=annealed.pictures)
    figures = {
        "annealed_bound": annealed.bound,
        "annealed_standard_error": annealed.standard_error,
        "importance_bound_of_these": plain.importance_bound,
        "acceptance": annealed.acceptance,
    }
    settings = {name: getattr(annealed, name) for name in ("pictures", "chains", "temperatures")}
    return Measured(figures, likelihood_protocol(run) | settings | {"codes": options.codes})


def likelihood_protocol(run: Run) -> dict[str, Any]:
    likelihood_name = run.record.recipe.family.likelihood
    return {"levels": levels_of(run), "likelihood": likelihood_name, "unit": "nats per picture"}


def codes_of(subject: Subject) -> Measured:
    content = code_content(subject.trained, subject.test, seed=subject.options.seed)
    return Measured(asdict(content), {"levels": levels_of(subject.trained)})


# Samples against data


def sample_protocol(subject: Subject) -> dict[str, Any]:
    told = {"classes": "in turn"} if subject.run is not None and subject.run.model.num_classes else {}
    samples = subject.samples
    return {**subject.space.protocol, "samples": len(samples), "sample_size": samples.dimensions} | told


def frechet_of(subject: Subject) -> Measured:
    reference = subject.data_moments
    distance = frechet_distance(subject.sample_moments, reference)
    fewest = min(len(subject.samples), reference.count or len(subject.samples))
    if fewest <= len(reference.mean):
        note(
            f"{fewest:,} pictures span fewer directions than {len(reference.mean):,} features have: this Frechet "
            "distance is mostly bias, and not to be quoted"
        )
    protocol = sample_protocol(subject) | {"against": reference.count}
    if isinstance(subject.data, Moments):
        known = {name: value for name, value in reference.protocol.items() if name not in ABOUT_DATA}
        if known and known != subject.space.protocol:
            raise TrompeError(
                f"the moments are by another protocol: {known}", hint="measure by theirs, or take the moments anew"
            )
        protocol["reference_protocol"] = "as here" if known else "not recorded"
    return Measured({"frechet_distance": distance}, protocol)


def kernel_of(subject: Subject) -> Measured:
    found = kernel_distance(subject.of_samples.vectors, subject.of_data.vectors, seed=subject.options.seed)
    figures = {"kernel_distance": found.distance, "kernel_standard_error": found.standard_error}
    settings = {"against": len(subject.test), "blocks": found.blocks, "block": found.block}
    return Measured(figures, sample_protocol(subject) | settings)


def precision_recall_of(subject: Subject) -> Measured:
    found = precision_recall(subject.of_data.vectors, subject.of_samples.vectors)
    return Measured(asdict(found), sample_protocol(subject) | {"against": len(subject.test), "neighbours": NEIGHBOURS})


def inception_score_of(subject: Subject) -> Measured:
    probabilities = subject.of_samples.probabilities
    assert probabilities is not None
    score, deviation = inception_score(probabilities)
    return Measured({"inception_score": score, "inception_deviation": deviation}, sample_protocol(subject))


def memorisation_of(subject: Subject, asked: bool = True) -> Measured:
    space, samples = subject.space_for_copies(asked), subject.samples
    train, held_out = subject.own()
    if isinstance(space, PixelFeatures) and (unlike := shapes_apart(samples, train)):
        raise TrompeError(unlike)
    drawn = subject.of_samples if space is subject.space else extract(space, samples)
    others: list[Extracted] = [extract(space, part, keep=True) for part in (train, held_out)]
    found = memorisation(drawn.vectors, *(one.vectors for one in others), seed=subject.options.seed)
    exact = exact_copies(samples.images, train.images, held_out.images)
    order = np.lexsort((found.distances, found.closeness))[:SHOWN_COPIES]
    sources = found.nearest[order]
    picture = None
    if samples.image_shape == train.image_shape and samples.images.ndim == 4:
        pair = (samples.take(order).images_as_floats(), train.take(sources).images_as_floats())
        picture = side_by_side(*pair, columns=min(8, len(order)))
    figures = {
        "copied_share": found.copied_share,
        "copied_standard_error": found.standard_error,
        "close_share": found.close_share,
        "close_standard_error": found.close_standard_error,
        "distance_ratio": found.distance_ratio,
        "exact_copies": exact.samples,
        "held_out_exact_copies": exact.held_out,
        "held_out_samples": held_out_samples(samples.images, held_out.images),
        "repeated_samples": repeated(samples.images),
        "copies": found.copies or exact.copies,
        "most_copied": [
            {"sample": int(one), "source": train.names[source] if train.names else int(source)}
            for one, source in zip(order[:8], sources[:8], strict=True)
        ],
    }
    sets = {
        "train": train.name,
        "train_fingerprint": train.fingerprint,
        "trained_on": len(train),
        "held_out": held_out.name,
        "held_out_count": len(held_out),
    }
    return Measured(figures, {**space.protocol, "samples": len(samples), **sets}, picture)


def recognised_of(subject: Subject) -> Measured:
    asked, probabilities = subject.samples.labels, subject.of_samples.probabilities
    assert asked is not None
    assert probabilities is not None
    right = probabilities.argmax(1) == asked
    names = enumerate(subject.samples.class_names)
    shares = {name: float(right[asked == number].mean()) for number, name in names if (asked == number).any()}
    return Measured({"recognised": float(right.mean()), "recognised_by_class": shares}, sample_protocol(subject))


def modes_found(subject: Subject) -> Measured:
    name = modes_of(subject)
    assert name is not None
    if name in MIXTURES:
        coverage = gaussian_modes(points_of(subject.samples.images), MIXTURES[name], DEVIATION)
        return Measured(asdict(coverage), {"samples": len(subject.samples), "modes_of": name})
    return Measured(asdict(stacked_modes(subject)), sample_protocol(subject) | {"modes_of": name})


def stacked_modes(subject: Subject) -> ModeCoverage:
    """Each channel's digit, by the classifier."""
    images, digits = subject.samples.images, []
    for channel in range(images.shape[1]):
        probabilities = extract(subject.space, ImageData(images[:, channel : channel + 1], "stacks")).probabilities
        if probabilities is None:
            raise TrompeError(
                f"`{subject.space.name}` gives no class probabilities", hint="give a run with a classifier"
            )
        digits.append(probabilities.argmax(1))
    return digit_modes(np.stack(digits, 1))


SAMPLED: tuple[Need, ...] = ("samples", "flat pictures", "feature space", "one shape")

MEASURES: dict[str, Measure] = {
    "reconstruction": Measure(
        "squared error, PSNR and SSIM of reconstructions, and what passes unseen",
        ("encoder", "decoder", "pictures"),
        reconstruction_of,
        usual=True,
    ),
    "classification": Measure(
        "mistakes of the model's own classifier",
        ("learned classifier", "pictures", "labels"),
        classification_of,
        usual=True,
    ),
    "likelihood": Measure(
        "ELBO with its two parts, importance bound, bits per dimension", ("bound", "pictures"), likelihood_of, True
    ),
    "codes": Measure(
        "mutual information of code and picture, active units", ("posterior", "pictures"), codes_of, usual=True
    ),
    "ais": Measure("a tighter bound, by annealed importance sampling", ("bound", "pictures"), annealed_of),
    "probe": Measure(
        "simple classifiers on each layer's features",
        ("encoder", "pictures", "labels", "lesson"),
        probe_of,
    ),
    "separation": Measure(
        "how far classes lie apart among the codes", ("encoder", "pictures", "labels", "classes apart"), separation_of
    ),
    "fid": Measure("Frechet distance of samples from data", SAMPLED, frechet_of, usual_of_pictures=True, fewest=2),
    "kid": Measure(
        "kernel distance of samples from data",
        (*SAMPLED, "pictures"),
        kernel_of,
        usual_of_pictures=True,
        fewest=10,
    ),
    "prdc": Measure(
        "precision, recall, density and coverage",
        (*SAMPLED, "pictures"),
        precision_recall_of,
        usual_of_pictures=True,
        fewest=NEIGHBOURS + 1,
    ),
    "is": Measure("Inception Score", (*SAMPLED, "class outputs"), inception_score_of, usual_of_pictures=True),
    "recognised": Measure(
        "share of samples that a classifier takes for what was asked for",
        ("samples", "flat pictures", "asked classes"),
        recognised_of,
    ),
    "memorisation": Measure(
        "whether samples copy training pictures",
        (*SAMPLED, "training pictures"),
        memorisation_of,
        usual_of_pictures=True,
    ),
    "modes": Measure(
        "modes found, of data whose modes are known",
        ("samples", "known modes"),
        modes_found,
        usual=True,
        usual_of_pictures=True,
    ),
}
