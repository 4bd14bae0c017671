"""The semi-supervised use of a generative model: latents learned from all images, labels for few of them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache, partial
from typing import Annotated, Any

import numpy as np
from annotated_types import MinLen
from jaxtyping import Float
from matplotlib.figure import Figure
from sklearn.exceptions import ConvergenceWarning
from sklearn.neighbors import KNeighborsClassifier
from sklearn.semi_supervised import LabelSpreading

from ..analysis.classifiers import DISCRIMINATIVE, Crossing, Features, Labels, crossing, errors_on
from ..data.load import load_data
from ..data.samples import Samples, random_images
from ..figures.learning import curve, log_axes
from ..figures.style import COLORS, INK, dress, panels
from ..options.numbers import Count, Natural, Strict
from ..recipes import Published
from ..recipes import recipe as named_recipe
from .store import Store
from .subsets import PLAIN, error_of, order_of
from .table import Finding, Value, experiment

SPACES = {"pixels": COLORS[1], "latents": COLORS[0]}
NEAREST, SPREADING = "nearest neighbor", "label spreading"
METHODS = {SPREADING: "solid", DISCRIMINATIVE: "dashed", NEAREST: "dotted"}
NEIGHBORS, CLAMPING = 10, 0.5
"""Of label spreading: neighbors, and how much of a label is its neighbors'; chosen on training images."""
PUBLISHED = {
    labels: Published(error, "a VAE's latents (M1) and a transductive SVM", "Kingma et al. 2014, table 1")
    for labels, error in {100: 11.82, 600: 5.72, 1000: 4.24, 3000: 3.49}.items()
}
"""Of latents with this many labels, in percent."""


@dataclass(frozen=True)
class FewLabelsOptions(Strict):
    """How many images are labeled, and how often they are drawn."""

    labels: Annotated[tuple[Count, ...], MinLen(1)] = (10, 30, 100, 1000, 10_000)
    """Numbers of labeled images, each at least the number of classes."""
    draws: Count = 5
    """Random draws of them."""
    trained_draws: Natural = 3
    """Random draws that a plain classifier is trained with; 0 for none."""
    among: Count = 10_000
    """Training images, labeled or not, that labels spread among."""
    steps: Count = 2000
    """Training steps of the plain classifier, or ten epochs where they are more."""
    tested: Count = 2000
    """Test images."""
    vae_steps: Count = 12_000
    """Training steps of the VAE, `vae-mnist`."""


@experiment(
    "few-labels",
    "Many images, few labels",
    "A VAE has seen all 60,000 training images of MNIST, and no label. Where a label also counts for images nearby, "
    "nearby in latents (blue) means more than in pixels (orange), and few labels are enough. A linear classifier gains "
    "nothing from the latents.",
    FewLabelsOptions,
    FewLabelsOptions(labels=(10, 100, 1000), draws=2, trained_draws=0, among=2000, tested=500, vae_steps=1000),
    minutes=12,
)
def few_labels(options: FewLabelsOptions, store: Store) -> Finding:
    train, test = load_data("mnist"), random_images(load_data("mnist:test"), options.tested)
    run = store.run(named_recipe("vae-mnist").with_(steps=options.vae_steps))
    sizes = sorted(options.labels)
    spaces = {"pixels": cache(lambda: (pixels(train), pixels(test))),
              "latents": cache(lambda: (run.encode(train).numpy(), run.encode(test).numpy()))}  # fmt: skip
    errors = {}
    for space, features in spaces.items():
        for method in METHODS:
            known = [train.fingerprint, test.fingerprint, run.digest if space == "latents" else "", method, sizes]
            most = max(options.among, sizes[-1]) if method == SPREADING else sizes[-1]
            measured = partial(classical, method, features, train, test, sizes, most)
            curves = [
                store.value("few-labels", [*known, most, NEIGHBORS, CLAMPING, draw], partial(measured, draw))
                for draw in range(options.draws)
            ]
            errors[f"{method} on {space}"] = np.array(curves)
    if options.trained_draws:
        errors[PLAIN] = trained_errors(options, store, train, test)
    crossings = {
        method: crossing(sizes, errors[f"{method} on latents"], errors[f"{method} on pixels"]) for method in METHODS
    }
    values = [
        Value(f"{name}, {size:,} labels", float(100 * one[:, place].mean()), "% test error", published(name, size))
        for name, one in errors.items()
        for place, size in enumerate(sizes)
    ]
    numbers: dict[str, Any] = {
        "labels": sizes,
        "errors": {name: one.tolist() for name, one in errors.items()},
        "crossings": {name: asdict(one) for name, one in crossings.items()},
    }
    text = protocol(options, crossings)
    return Finding(drawn(sizes, errors), tuple(values), text, numbers)


def classical(
    method: str,
    features: Callable[[], tuple[Features, Features]],
    train: Samples,
    test: Samples,
    sizes: list[int],
    most: int,
    draw: int,
) -> list[float]:
    """The test errors of a simple classifier with the first labels of a draw of `most` images."""
    learned, tested = features()
    assert train.labels is not None
    assert test.labels is not None
    order = order_of(train, draw)[:most]
    learned, labels = learned[order], train.labels[order]
    if method == DISCRIMINATIVE:
        return errors_on((tested, test.labels), (learned, labels), sizes, method, standardize=False)
    found = [spread(learned, labels, size) if method == SPREADING else nearest(learned, labels, size) for size in sizes]
    with np.errstate(invalid="ignore"):  # an image that no label reaches is counted as of the first class
        return [1 - float(one.score(tested, test.labels)) for one in found]


def nearest(learned: Features, labels: Labels, size: int) -> KNeighborsClassifier:
    return KNeighborsClassifier(1).fit(learned[:size], labels[:size])


def spread(learned: Features, labels: Labels, size: int) -> LabelSpreading:
    """Labels that spread to the unlabeled images nearby (Zhou et al. 2004)."""
    known = np.where(np.arange(len(labels)) < size, labels, -1)
    made = LabelSpreading(kernel="knn", n_neighbors=NEIGHBORS, alpha=CLAMPING, max_iter=100)
    with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):  # near enough to compare
        return made.fit(learned, known)


def trained_errors(
    options: FewLabelsOptions, store: Store, train: Samples, test: Samples
) -> Float[np.ndarray, "draws sizes"]:
    """The same of a plain classifier of pixels."""
    measured = partial(error_of, store, PLAIN, train, test, steps=options.steps)
    draws = [
        [measured(count=size, draw=draw) for size in sorted(options.labels)] for draw in range(options.trained_draws)
    ]
    return np.array(draws)


def published(name: str, labels: int) -> Published | None:
    return PUBLISHED.get(labels) if name == f"{SPREADING} on latents" else None


def pixels(samples: Samples) -> Features:
    return samples.images_as_floats().flatten(1).numpy()


def drawn(sizes: list[int], errors: dict[str, Float[np.ndarray, "_draws sizes"]]) -> Figure:
    made, axes = panels(8.0, 5.4)
    axis = axes[0, 0]
    for name, one in errors.items():
        method, _, space = name.partition(" on ")
        curve(axis, sizes, one, SPACES.get(space, COLORS[2]), name, METHODS.get(method, "solid"))
    known = {labels: one.value for labels, one in PUBLISHED.items() if labels <= max(sizes)}
    label = "published: latents, transductive SVM"
    axis.scatter(
        known.keys(), known.values(), marker="D", s=34, facecolors="white", edgecolors=INK, label=label, zorder=3
    )
    dress(axis, "", "labeled images", "test error, %")
    log_axes(axis)
    axis.legend(fontsize=11, frameon=False)
    axis.xaxis.label.set_fontsize(11)
    axis.yaxis.label.set_fontsize(11)
    axis.tick_params(labelsize=10)
    return made


def protocol(options: FewLabelsOptions, crossings: dict[str, Crossing]) -> str:
    pairs = "; ".join(f"{name}: {words(one)}" for name, one in crossings.items())
    return (
        f"MNIST; `vae-mnist` for {options.vae_steps:,} steps on all training images without labels, its latents the "
        f"posterior means; {options.draws} stratified draws of labels, {options.trained_draws} for the plain "
        f"classifier; {options.tested:,} test images. Label spreading among {options.among:,} training images, with "
        f"{NEIGHBORS} neighbors and alpha {CLAMPING:g}; C of logistic regression by cross-validation on the labeled "
        f"images. Latents against pixels, by 90 % intervals of the mean difference: {pairs}."
    )


def words(one: Crossing) -> str:
    if one.size is not None:
        return f"ahead below {one.size:,.0f} labels"
    return one.kind.replace("generative", "latents").replace("discriminative", "pixels")
