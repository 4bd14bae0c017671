"""Entries of the lecture's part A: autoencoders."""

from __future__ import annotations

from collections.abc import Iterator

from ..experiments import Value
from ..recipes import RECIPES, Published
from ..runs.run import Run
from .table import Item, Training, entry
from .work import Work

HINTON = "Hinton & Salakhutdinov 2006, figure 2"
VINCENT = "Vincent et al. 2010"
FEW_PATCHES = {"data.patch.count": 20}
ERROR = "squared error per test image, of gray levels in [0, 1]"


@entry(
    "A1",
    "A deep autoencoder and PCA, on faces",
    "The first row are patches of faces of ten people whom the networks have not seen; below them, what thirty numbers "
    "keep of each. The deep autoencoder keeps eyes, mouths and edges that thirty principal components blur.",
    source=HINTON,
    commands=(
        "trompe train pca-faces",
        "trompe train deep-faces",
        "trompe figure reconstructions runs/deep-faces runs/pca-faces",
    ),
    runs={
        "pca": Training("pca-faces", 0.1, quick=FEW_PATCHES),
        "deep": Training("deep-faces", 11, quick={"steps": 300} | FEW_PATCHES),
    },
    protocol="Squared error per patch, in units of the training patches' mean pixel variance, on the ten test people.",
)
def faces(work: Work, pca: Run, deep: Run) -> Iterator[Item]:
    yield work.figure("reconstructions", deep, pca, caption="")
    errors = [*work.values(deep, "reconstruction", ["standardized_error"])]
    errors += work.values(pca, "reconstruction", ["standardized_error"])
    yield from errors
    ratio = errors[0].value / errors[1].value
    yield Value("deep-faces over pca-faces", ratio, "", ratio_of("deep-faces", "pca-faces"))


def ratio_of(name: str, other: str) -> Published:
    """The ratio of two recipes' published values."""
    first, second = (RECIPES[one].figures[0].published for one in (name, other))
    assert first is not None
    assert second is not None
    return Published(round(first.value / second.value, 3), "the ratio of these two", first.source)


@entry(
    "A2",
    "The same on MNIST",
    "Each digit in the first row is kept as thirty numbers and drawn again below. Depth and a nonlinear code cut the "
    "error of PCA to a fraction.",
    source=HINTON,
    commands=(
        "trompe train pca-mnist",
        "trompe train logistic-pca-mnist",
        "trompe train deep-mnist",
        "trompe figure reconstructions runs/deep-mnist runs/logistic-pca-mnist runs/pca-mnist",
    ),
    runs={
        "pca": Training("pca-mnist", 0.1),
        "logistic": Training("logistic-pca-mnist", 1, quick={"steps": 500}),
        "deep": Training("deep-mnist", 25, quick={"steps": 150, "batch": 250}),
    },
    protocol=f"The {ERROR}.",
)
def digits(work: Work, pca: Run, logistic: Run, deep: Run) -> Iterator[Item]:
    runs = (deep, logistic, pca)
    yield work.figure("reconstructions", *runs, caption="")
    for run in runs:
        yield from work.values(run, "reconstruction", ["squared_error"])


@entry(
    "A3",
    "Denoising autoencoders",
    "With more hidden units than pixels, an autoencoder can pass its input on unchanged and learn nothing: its filters "
    "stay noise. Asked to fill in masked pixels, the same network learns strokes.",
    source=f"{VINCENT}, figures 5 to 8",
    commands=(
        "trompe train dae-mnist",
        "trompe train dae-mnist --family.level 0 --out runs/dae-0",
        "trompe train dae-mnist --family.level 0.5 --out runs/dae-50",
        "trompe figure filters runs/dae-0 runs/dae-mnist runs/dae-50",
        "trompe figure corruption runs/dae-mnist",
    ),
    runs={
        "plain": Training("dae-mnist", 2, {"level": 0}, {"steps": 800}, "no masking"),
        "quarter": Training("dae-mnist", 3, {}, {"steps": 800}, "dae-mnist"),
        "half": Training("dae-mnist", 3, {"level": 0.5}, {"steps": 800}, "half masked"),
    },
    protocol="The fraction of holes in an image that are passed on to its reconstruction: 1 for the identity.",
)
def denoising(work: Work, plain: Run, quarter: Run, half: Run) -> Iterator[Item]:
    yield work.figure("filters", plain, quarter, half, count=64)
    yield work.figure("corruption", quarter)
    for run in (plain, quarter, half):
        yield from work.values(run, "reconstruction", ["copying"])


@entry(
    "A4",
    "Stacked denoising autoencoders",
    "Three layers are trained one after another to undo noise, then together on labels. The first layer's filters are "
    "strokes and blobs that the labels only refine.",
    source=f"{VINCENT}, table 3",
    commands=("trompe train sdae-mnist", "trompe evaluate runs/sdae-mnist --measures classification"),
    runs={"stacked": Training("sdae-mnist", 26, quick={"steps": 800, "layer_steps": (100, 100, 100), "snapshots": ()})},
    protocol="Error on the 10,000 test images of MNIST; no convolutions, no augmentation.",
)
def stacked(work: Work, stacked: Run) -> Iterator[Item]:
    yield work.figure("filters", stacked, count=64, caption="")
    yield from work.values(stacked, "classification", ["classification_error"])
