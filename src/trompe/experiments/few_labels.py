"""The semi-supervised use of a generative model: latents learned from all images, labels for few of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache, partial
from typing import Annotated, Any

import numpy as np
from annotated_types import MinLen
from jaxtyping import Float
from matplotlib.figure import Figure
from sklearn.neighbors import KNeighborsClassifier

from ..analysis.classifiers import DISCRIMINATIVE, Crossing, Features, crossing, errors_on
from ..data.load import load_data
from ..data.samples import Samples, random_images
from ..figures.learning import curve, log_axes
from ..figures.style import COLORS, INK, dress, panels
from ..options.numbers import Count, Strict
from ..recipes import Published
from ..recipes import recipe as named_recipe
from .store import Store
from .subsets import PLAIN, error_of, order_of
from .table import Finding, Value, experiment

SPACES = {"pixels": COLORS[1], "latents": COLORS[0]}
NEAREST = "nearest neighbor"
PUBLISHED = {
    labels: Published(error, "a VAE's latents (M1) and a transductive SVM", "Kingma et al. 2014, table 1")
    for labels, error in {100: 11.82, 600: 5.72, 1000: 4.24, 3000: 3.49}.items()
}
"""Of latents with this many labels, in percent."""
METHODS = {DISCRIMINATIVE: "solid", NEAREST: "dotted"}


@dataclass(frozen=True)
class FewLabelsOptions(Strict):
    """How many images are labeled, and how often they are drawn."""

    labels: Annotated[tuple[Count, ...], MinLen(1)] = (10, 30, 100, 300, 1000, 3000, 10_000)
    """Numbers of labeled images, each at least the number of classes."""
    draws: Count = 10
    """Random draws of them."""
    trained: tuple[Count, ...] = (10, 30, 100, 1000, 10_000)
    """Of the numbers, those that a plain classifier is trained with; empty for none."""
    trained_draws: Count = 3
    """Random draws of these."""
    steps: Count = 2000
    """Training steps of the plain classifier, or ten epochs where they are more."""
    tested: Count = 2000
    """Test images."""
    vae_steps: Count = 12_000
    """Training steps of the VAE, `vae-mnist`."""


@experiment(
    "few-labels",
    "Many images, few labels",
    "A VAE has seen all 60,000 training images of MNIST, and no label. With few labels, a simple classifier is better "
    "on its latents (blue) than on pixels (orange), and than a network that learns from the labels alone (green).",
    FewLabelsOptions,
    FewLabelsOptions(labels=(10, 100, 1000), draws=3, trained=(), tested=1000, vae_steps=1500),
    minutes=8,
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
            curves = [
                store.value(
                    "few-labels", [*known, draw], partial(classical, method, features, train, test, sizes, draw)
                )
                for draw in range(options.draws)
            ]
            errors[f"{method} on {space}"] = np.array(curves)
    deep, trained = trained_errors(options, store, train, test), sorted(options.trained)
    crossings = {
        method: crossing(sizes, errors[f"{method} on latents"], errors[f"{method} on pixels"]) for method in METHODS
    }
    values = [
        Value(f"{name}, {size:,} labels", float(100 * one[:, place].mean()), "% test error", published(name, size))
        for name, one in errors.items()
        for place, size in enumerate(sizes)
    ]
    values += [
        Value(f"{PLAIN}, {size:,} labels", float(100 * deep[:, place].mean()), "% test error")
        for place, size in enumerate(trained)
    ]
    numbers: dict[str, Any] = {
        "labels": sizes,
        "errors": {name: one.tolist() for name, one in errors.items()},
        "trained": {"labels": trained, "errors": deep.tolist()},
        "crossings": {name: asdict(one) for name, one in crossings.items()},
    }
    text = protocol(options, crossings)
    return Finding(drawn(sizes, errors, trained, deep), tuple(values), text, numbers)


def classical(
    method: str,
    features: Callable[[], tuple[Features, Features]],
    train: Samples,
    test: Samples,
    sizes: list[int],
    draw: int,
) -> list[float]:
    """The test errors of a simple classifier with the first so many labels of a draw."""
    learned, tested = features()
    assert train.labels is not None
    assert test.labels is not None
    order = order_of(train, draw)[: sizes[-1]]
    learned, labels = learned[order], train.labels[order]
    if method == DISCRIMINATIVE:
        return errors_on((tested, test.labels), (learned, labels), sizes, method, standardize=False)
    found = [KNeighborsClassifier(1).fit(learned[:size], labels[:size]) for size in sizes]
    return [1 - float(one.score(tested, test.labels)) for one in found]


def trained_errors(
    options: FewLabelsOptions, store: Store, train: Samples, test: Samples
) -> Float[np.ndarray, "draws sizes"]:
    """The same of a plain classifier of pixels."""
    measured = partial(error_of, store, PLAIN, train, test, steps=options.steps)
    draws = [
        [measured(count=size, draw=draw) for size in sorted(options.trained)] for draw in range(options.trained_draws)
    ]
    return np.array(draws)


def published(name: str, labels: int) -> Published | None:
    return PUBLISHED.get(labels) if name == f"{DISCRIMINATIVE} on latents" else None


def pixels(samples: Samples) -> Features:
    return samples.images_as_floats().flatten(1).numpy()


def drawn(
    sizes: list[int],
    errors: dict[str, Float[np.ndarray, "draws sizes"]],
    trained: list[int],
    deep: Float[np.ndarray, "draws2 sizes2"],
) -> Figure:
    made, axes = panels(8.0, 5.0)
    axis = axes[0, 0]
    for name, one in errors.items():
        method, _, space = name.partition(" on ")
        curve(axis, sizes, one, SPACES[space], name, METHODS[method])
    if trained:
        curve(axis, trained, deep, COLORS[2], f"{PLAIN} of pixels")
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
        f"classifier; {options.tested:,} test images. C of logistic regression by cross-validation on the labeled "
        f"images. Latents against pixels, by 90 % intervals of the mean difference: {pairs}."
    )


def words(one: Crossing) -> str:
    if one.size is not None:
        return f"ahead below {one.size:,.0f} labels"
    return one.kind.replace("generative", "latents").replace("discriminative", "pixels")
