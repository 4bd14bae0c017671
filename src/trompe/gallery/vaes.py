"""Entries of the lecture's part D: variational autoencoders."""

from __future__ import annotations

from collections.abc import Iterator

from ..runs.run import Run
from .table import Explored, Item, Training, entry
from .work import Work


@entry(
    "D1",
    "From a vector of ones to the VAE",
    "On each rung the upper images are what the decoder has stored, the lower ones what comes out when it is fed "
    "something it was not trained on. Only the last rung was trained for that: its latents have a known distribution.",
    commands=("trompe experiment ladder",),
    experiments=("ladder",),
)
def ladder(work: Work) -> Iterator[Item]:
    yield from work.experiment("ladder")


@entry(
    "D2",
    "The trade-off between the two terms",
    "Each point is a VAE: to the right it spends more nats on the latent, lower down it describes the image better. "
    "Rows below show the samples and reconstructions along the curve.",
    source="Kingma & Welling 2014; Alemi et al. 2018",
    commands=("trompe experiment trade-off", "trompe train vae-mnist", "trompe evaluate runs/vae-mnist"),
    experiments=("trade-off",),
    runs={
        "plain": Training("vae-mnist", 2, quick={"steps": 500}),
        "gated": Training("vae-mnist-gated", 26, quick={"steps": 300, "kl_warmup": 100}),
    },
    minutes=15,
    protocol="Nats per test image, higher is better; gray levels and binarized images do not compare.",
)
def trade_off(work: Work, plain: Run, gated: Run) -> Iterator[Item]:
    yield from work.experiment("trade-off")
    yield from work.values(plain, "likelihood", ["elbo"])
    samples = 20 if work.quick else 5000
    yield from work.values(gated, "likelihood", ["elbo", "iwae_bound"], importance_samples=samples)


@entry(
    "D3",
    "MNIST in two dimensions",
    "On the left where the encoder puts the test digits, in the middle what the decoder makes of each place, on the "
    "right both. Neighbors in the plane look alike, and no place is empty.",
    source="Kingma & Welling 2014, figure 4",
    commands=("trompe train vae-mnist-2d --out runs/map", "trompe figure latent-map runs/map"),
    runs={"plane": Training("vae-mnist-2d", 10, quick={"steps": 1200, "kl_warmup": 300})},
    minutes=2,
    protocol="Nats per test image, gray levels as Bernoulli means; higher is better.",
)
def latent_map(work: Work, plane: Run) -> Iterator[Item]:
    yield work.figure("latent-map", plane, caption="")
    yield from work.values(plane, "likelihood", ["elbo", "iwae_bound"])
    yield Explored("plane", "map", "Move in the plane and let it dream digits; draw your own")


@entry(
    "D4",
    "Faces, morphed",
    "Each row sweeps one latent dimension of a face, the most active first. In the explorer they are sliders, between "
    "any two faces lies a path, and your own image can be dropped in.",
    source="Dumoulin, morphing faces",
    commands=("trompe train vae --data olivetti --family.beta 3 --out runs/faces", "trompe explore runs/faces"),
    runs={
        "faces": Training(
            "vae",
            8,
            {"data": "olivetti", "latent": 32, "beta": 3.0, "flip": True, "steps": 3000},
            {"steps": 120, "widths": (16, 32, 64)},
            "faces",
        )
    },
)
def faces(work: Work, faces: Run) -> Iterator[Item]:
    yield work.figure("traversals", faces, caption="")
    yield work.figure("samples", faces, count=36)
    yield Explored("faces", "morph", "Morph faces with sliders")
