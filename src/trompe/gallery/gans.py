"""Entries of the lecture's part C: generative adversarial networks."""

from __future__ import annotations

from collections.abc import Iterator

from ..analysis.inversion import Inversion, invert, methods_of
from ..conv import CASES, animate
from ..conv.drawing import gif, painted, sheet
from ..experiments import Value
from ..figures.inversions import inversions
from ..figures.table import encoded
from ..runs.run import Run
from ..web.assets import conv_page
from .table import Explored, Item, Page, Picture, Training, entry
from .work import Work

DUMOULIN = "Dumoulin & Visin 2016"
SHOWN = ("no_padding_strides", "padding_strides", "padding_strides_transposed", "dilation")
LECTURE = Training("gan-cifar10-lecture", 16, quick={"steps": 240, "snapshots": (12, 36, 240)})


@entry(
    "C1",
    "The game, in the plane",
    "Gray points are data, blue ones the generator's; the shade is the discriminator's logit, and each arrow is where "
    "the generator is pushed. It finds the eight modes one after another.",
    commands=("trompe train gan-2d --out runs/plane", "trompe figure discriminator-field runs/plane"),
    runs={"plane": Training("gan-2d", 1, quick={"steps": 600, "snapshots": tuple(range(0, 601, 50))})},
    protocol="Of 10,000 samples: modes hit, and the share within three standard deviations of one.",
)
def plane(work: Work, plane: Run) -> Iterator[Item]:
    yield work.figure("discriminator-field", plane, caption="", scale=2)
    yield work.figure("discriminator-field", plane, suffix=".png", caption="The same, as six moments.")
    yield from work.values(plane, "modes", ["modes_found", "high_quality"])
    yield Explored("plane", "plane", "Step through the training, and switch each layer on and off")


@entry(
    "C2",
    "CIFAR-10 after 300, 900 and 6,000 iterations",
    "On the left real images; then what one and the same noise becomes as training goes on. Color comes first, then "
    "shapes; most never become objects.",
    source="kvfrans, generative-adversial",
    commands=("trompe train gan-cifar10-lecture --out runs/lecture", "trompe figure progress runs/lecture"),
    runs={"lecture": LECTURE},
)
def cifar(work: Work, lecture: Run) -> Iterator[Item]:
    yield work.figure("progress", lecture, count=36, caption="")
    yield Explored("lecture", "progress", "The same noise, step by step")


@entry(
    "C3",
    "ImageNet at 64x64",
    "The same figure for images of two hundred kinds of things, with one more layer. Textures and colors are learned, "
    "objects hardly.",
    source="kvfrans, generative-adversial",
    commands=("trompe train gan-imagenet64-lecture --out runs/lecture64", "trompe figure progress runs/lecture64"),
    runs={
        "lecture": Training(
            "gan-imagenet64-lecture",
            85,
            quick={"steps": 60, "snapshots": (6, 18, 60), "widths": (16, 32, 64, 128), "data.size": 32},
        )
    },
)
def imagenet(work: Work, lecture: Run) -> Iterator[Item]:
    yield work.figure("progress", lecture, count=36, caption="")


@entry(
    "C4",
    "Ten years later",
    "The same network sizes with an objective that converges: a relativistic loss with gradient penalties, and "
    "averaged weights. The FID says how far the samples are from real images; compare only values of one protocol.",
    source="Huang et al. 2024",
    commands=("trompe train gan-cifar10 --out runs/cifar", "trompe evaluate runs/cifar --measures fid,memorization"),
    runs={"modern": Training("gan-cifar10", 120, quick={"steps": 120})},
    minutes=15,
    protocol="FID of samples against the 10,000 test images in Inception features, resized bilinearly.",
)
def modern(work: Work, modern: Run) -> Iterator[Item]:
    yield work.figure("samples", modern, caption="")
    yield work.figure("adversarial-curves", modern)
    if not work.quick:  # the features take minutes
        yield from work.possible(modern, "fid", ["frechet_distance"], samples=10_000)
    yield Explored("modern", "morph", "Move in its latent space")


@entry(
    "C5",
    "What the discriminator wants changed",
    "Below each image is the gradient of the discriminator's logit with respect to its pixels: red where brighter "
    "would look more real, blue where darker would. Follow it step by step, and a fake is repaired, or "
    "fools the discriminator without becoming better.",
    commands=(
        "trompe figure discriminator-gradient runs/lecture",
        "trompe figure discriminator-ascent runs/lecture",
    ),
    runs={"lecture": LECTURE},
)
def gradient(work: Work, lecture: Run) -> Iterator[Item]:
    yield work.figure("discriminator-gradient", lecture, caption="")
    yield work.figure("discriminator-ascent", lecture, caption="Samples that follow the gradient.", scale=3)


@entry(
    "C6",
    "Convolutions and transposed convolutions",
    "Below is the input, above it the output; the shaded window is what one output cell sees. A transposed convolution "
    "is a convolution over an input that was spread apart.",
    source=DUMOULIN,
    commands=("trompe conv cases --out gifs", "trompe conv page"),
)
def convolutions(work: Work) -> Iterator[Item]:
    for name in SHOWN:
        words = name.replace("_", " ")
        yield Picture(f"{name}.gif", gif(animate(*CASES[name][:2], title=words)), f"A convolution: {words}.")
    animations = [animate(case.layer, case.size, title=name) for name, case in CASES.items()]
    middles = [painted(one, [one.frames[len(one.frames) // 2]])[0] for one in animations]
    yield Picture("all.png", sheet(middles, animations[0].paper), "The fifteen cases.", "The fifteen published cases.")
    yield Page("convolutions.html", conv_page(), "Your own kernel, stride, padding and dilation")


@entry(
    "C7a",
    "Which noise makes this image?",
    "A GAN has no encoder: the latent of an image must be searched for by descent, given by an encoder that was "
    "trained along with it (BiGAN), or both. The rows show what each finds, the curves how fast.",
    source="Zhu et al. 2016; Donahue et al. 2017",
    commands=("trompe train bigan-mnist --out runs/bigan", "trompe invert runs/bigan -n 8 --figure inversion.png"),
    runs={"bigan": Training("bigan-mnist", 50, quick={"steps": 400})},
    protocol="Mean squared error per pixel of eight test images.",
)
def inversion(work: Work, bigan: Run) -> Iterator[Item]:
    images = bigan.data().take(slice(0, 8)).images_as_floats()
    steps, starts = (60, 2) if work.quick else (300, 8)
    found: dict[str, Inversion] = {
        method: invert(bigan.predictor, images, method=method, steps=steps, starts=starts)
        for method in methods_of(bigan.predictor)
    }
    content = encoded(inversions(images, found), ".png", 0)
    yield Picture("inversion.png", content, "Images, and what each method of inversion finds for them.")
    for method, one in found.items():
        yield Value(f"squared error per pixel, {method}", float(one.errors[-1].mean()))


@entry(
    "C7b",
    "A cat that looks like a cat",
    "A class-conditional GAN is given the class that it must generate, here one in each column. A classifier says how "
    "often a sample is what was asked for.",
    source="Mirza & Osindero 2014",
    commands=("trompe train cgan-mnist --out runs/cgan", "trompe sample runs/cgan --class 7"),
    runs={
        "conditional": Training("cgan-mnist", 15, quick={"steps": 300}),
        "classifier": Training("sdae-mnist", 26, quick={"steps": 800, "layer_steps": (100, 100, 100), "snapshots": ()}),
    },
    protocol="The share of samples that the classifier of A4 takes for the class asked for.",
)
def conditional(work: Work, conditional: Run, classifier: Run) -> Iterator[Item]:
    yield work.figure("samples", conditional, count=100, caption="")
    options = {"features": str(classifier.folder), "samples": 1000 if work.quick else 10_000}
    yield from work.values(conditional, "class-accuracy", ["class_accuracy"], **options)
