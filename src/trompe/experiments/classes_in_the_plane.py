"""One set of points with classes, seen by a discriminative model and by two generative ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Lt
from jaxtyping import Float
from scipy.spatial import cKDTree

from ..analysis.plane import Deep, Discriminative, Frequencies, Gaussians, Generative, Labels, Points
from ..data.load import load_data
from ..data.samples import Samples, Splits
from ..data.sources.synthetic import REACH
from ..families import VAE
from ..options.data import DataOptions
from ..options.nets import MLPOptions
from ..options.numbers import Count, Seed, Strict
from ..options.train import TrainOptions
from ..recipes import Recipe
from . import plane_figure
from .plane_figure import Row
from .store import Store
from .table import Finding, Value, experiment

SHOWN = 400
"""Points in a panel."""
SURE = 0.99
"""Probability of a class, by which the discriminative model is sure of it."""

Known = tuple[Points, Labels]
Model = Discriminative | Generative


@dataclass(frozen=True)
class PlaneOptions(Strict):
    """The points, and who sees them."""

    data: Literal["cookies", "ring", "grid", "spirals"] = "cookies"
    """Points of the plane with classes."""
    points: Annotated[int, Ge(100), Le(50_000)] = 2000
    """Points to learn from, of equally frequent classes."""
    tested: Annotated[int, Ge(100), Le(10_000)] = 4000
    """Test points."""
    frequency: Annotated[float, Gt(0), Lt(1)] = 0.9
    """Frequency of the first class after the class frequencies change; the others share the rest."""
    steps: Count = 4000
    """Training steps of the class-conditional VAE."""
    importance_samples: Count = 400
    """Importance samples per point (K) of the VAE's bound."""
    side: Annotated[int, Ge(10), Le(500)] = 80
    """Points along each side of the view at which the models are asked."""
    seed: Seed = 0
    """Seed of the VAE, and of what is drawn."""


@experiment(
    "classes-in-the-plane",
    "One data set, two kinds of model",
    "Logistic regression, a discriminative model, has a boundary and nothing else, and is sure of a class even where "
    "no point has ever been (the cross). A generative model has a density for each class: it says that the cross is "
    "unlikely, draws new points, and moves its boundary when the class frequencies change (dashed: before).",
    PlaneOptions,
    PlaneOptions(points=1000, tested=1000, steps=1200, importance_samples=30, side=50),
    minutes=1,
)
def classes_in_the_plane(options: PlaneOptions, store: Store) -> Finding:
    train = load_data(options.data).take(slice(0, options.points))
    test = load_data(f"{options.data}:test").take(slice(0, options.tested))
    predictor = store.run(recipe_of(options), Splits(train, test)).predictor
    asked = Asked.of(options, train, test)
    models: dict[str, Model] = {
        "Logistic regression\n(discriminative)": asked.boundary,
        "A Gaussian for each class\n(generative)": Gaussians(*asked.seen),
        "Class-conditional VAE\n(generative)": Deep(predictor, options.importance_samples),
    }
    rows, values, numbers = [], list[Value](), dict[str, Any]()
    for name, model in models.items():
        title = name.partition("\n")[0]
        numbers[title] = found = asked.answers(model)
        values += values_of(title, found)
        rows.append(asked.row(name, model, found))
    what = f"And if {100 * options.frequency:.3g} % are {train.class_names[0]}?"
    return Finding(
        plane_figure.drawn(rows, few(asked.seen), few(asked.later), asked.far, what),
        tuple(values),
        f"{options.data}: {len(train):,} points to learn from, of equally frequent classes, and {len(test):,} to test "
        f"on; then {len(asked.later[0]):,} of these, {options.frequency:g} of the first class. The VAE's densities are "
        f"IWAE bounds with K = {options.importance_samples}. Corrected: by the ratio of new and old class frequencies, "
        "where both are known, which needs no retraining either (Saerens et al. 2002).",
        numbers | {"far point": asked.far[0].tolist(), "class frequencies": asked.new.tolist()},
    )


def recipe_of(options: PlaneOptions) -> Recipe:
    """A class-conditional VAE small enough for the plane."""
    return Recipe(
        data=DataOptions(options.data),
        nets=MLPOptions(widths=(64, 64), latent=2, activation="silu", conditional=True),
        family=VAE(likelihood="gaussian"),
        train=TrainOptions(
            steps=options.steps,
            batch=256,
            learning_rate=3e-3,
            schedule="cosine",
            ema=0.99,
            precision="float32",
            seed=options.seed,
            evaluate_every=0,
            sample_every=0,
        ),
        name="cvae-plane",
    )


@dataclass(frozen=True)
class Asked:
    """What the models are asked.

    Attributes:
        seen: points that were learned from, with their classes.
        test: others, of the same class frequencies.
        later: others, of the new class frequencies.
        view: points of a square grid, from the lowest row up.
        far: the point far from all others of whose class `boundary` is sure.
        boundary: the discriminative model.
        retrained: the same, trained under the new class frequencies.
    """

    names: tuple[str, ...]
    seen: Known
    test: Known
    later: Known
    view: Points
    far: Points
    old: Frequencies
    new: Frequencies
    boundary: Discriminative
    retrained: Discriminative

    @staticmethod
    def of(options: PlaneOptions, train: Samples, test: Samples) -> Asked:
        random, classes = np.random.default_rng(options.seed), train.num_classes
        old, new = np.full(classes, 1 / classes), np.full(classes, (1 - options.frequency) / (classes - 1))
        new[0] = options.frequency
        side = np.linspace(-REACH, REACH, options.side)
        view = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
        seen, tested, boundary = known(train), known(test), Discriminative(*known(train))
        far = far_point(view, seen[0], boundary.probabilities(view, old))
        later, again = (resampled(one, new, random) for one in (tested, seen))
        return Asked(train.class_names, seen, tested, later, view, far, old, new, boundary, Discriminative(*again))

    def answers(self, model: Model) -> dict[str, Any]:
        """What a model answers, in numbers."""
        at_far = model.probabilities(self.far, self.old)[0]
        found: dict[str, Any] = {
            "error": error(model.probabilities(self.test[0], self.old), self.test[1]),
            "error under new frequencies": error(model.probabilities(self.later[0], self.old), self.later[1]),
            "class of the far point": self.names[int(at_far.argmax())],
            "probability of that class": float(at_far.max()),
        }
        if isinstance(model, Generative):
            usual, far = (model.log_density(one, self.old) for one in (self.seen[0], self.far))
            tested = model.log_density(self.test[0], self.old)
            after = error(model.probabilities(self.later[0], self.new), self.later[1])
            return found | {
                "error by Bayes rule": after,
                "log p(x) of test points": float(tested.mean()),
                "log p(x) of the far point below the median": float(np.median(usual) - far[0]),
                "log p(x) of the far point below all seen": float(usual.min() - far[0]),
            }
        corrected = model.probabilities(self.later[0], self.old) * self.new / self.old
        again = self.retrained.probabilities(self.later[0], self.new)
        return found | {
            "error retrained": error(again, self.later[1]),
            "error corrected": error(corrected, self.later[1]),
        }

    def row(self, name: str, model: Model, found: dict[str, Any]) -> Row:
        """The same, drawn."""
        side = round(len(self.view) ** 0.5)
        probabilities = model.probabilities(self.view, self.old).reshape(side, side, -1)
        right = f"{100 * found['error']:.1f} % wrong"
        before = f"{100 * found['error under new frequencies']:.1f} % wrong"
        sure = f"cross: {found['class of the far point']}, {100 * found['probability of that class']:.0f} % sure"
        if not isinstance(model, Generative):
            after = f"{before}, retrained {100 * found['error retrained']:.1f} %"
            return Row(name, probabilities, None, None, None, (right, sure, "", after))
        random = np.random.default_rng(len(self.view))
        labels = random.integers(0, len(self.names), SHOWN)
        density = model.log_density(self.view, self.old).reshape(side, side)
        shifted = model.probabilities(self.view, self.new).reshape(side, side, -1)
        unlikely = f"cross: {times(found['log p(x) of the far point below the median'])} less likely"
        after = f"{before}, by Bayes' rule {100 * found['error by Bayes rule']:.1f} %"
        drawn = model.draw(labels, random), labels
        return Row(name, probabilities, shifted, density, drawn, (right, unlikely, "drawn from its densities", after))


def known(samples: Samples) -> Known:
    assert samples.labels is not None
    return samples.images[:, 0].astype(np.float64), samples.labels


def few(points: Known) -> Known:
    return points[0][:SHOWN], points[1][:SHOWN]


def resampled(points: Known, frequencies: Frequencies, random: np.random.Generator) -> Known:
    """As many of the points as can have these class frequencies, in random order."""
    counts = np.bincount(points[1], minlength=len(frequencies))
    kept = np.ceil(frequencies * (counts / frequencies).min()).astype(int)  # of each class at least one
    members = [random.permutation(np.flatnonzero(points[1] == label))[:count] for label, count in enumerate(kept)]
    chosen = random.permutation(np.concatenate(members))
    return points[0][chosen], points[1][chosen]


def far_point(
    view: Points, seen: Points, probabilities: Float[np.ndarray, "count classes"]
) -> Float[np.ndarray, "1 2"]:
    """The point of the view farthest from all that were seen, of those whose class is sure, where there are any."""
    inside = (np.abs(view) < 0.93 * REACH).all(1)  # not at its edge
    distance = np.where(inside, cKDTree(seen).query(view)[0], 0)
    highest = probabilities.max(1)
    sure = highest >= min(SURE, highest[inside].max())
    return view[[np.where(sure, distance, -1).argmax()]]


def error(probabilities: Float[np.ndarray, "count classes"], labels: Labels) -> float:
    return float((probabilities.argmax(1) != labels).mean())


def times(nats: float) -> str:
    """How many times less likely, as a power of ten."""
    digits = str(max(0, round(nats / np.log(10)))).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{digits} times"


def values_of(title: str, found: dict[str, Any]) -> list[Value]:
    units = {"log p(x) of test points": "nats", "log p(x) of the far point below the median": "nats"}
    wanted = [name for name, one in found.items() if isinstance(one, float) and not name.endswith("below all seen")]
    return [Value(f"{title}: {name}", found[name], units.get(name, "")) for name in wanted]
