"""What comes back: errors of reconstruction, PSNR and SSIM, and whether a model merely learned to copy."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..condition import Condition
from ..core.model import Model
from ..data.samples import Samples
from ..nets.mlp import Standardize
from ..rng import Stream, numpy_generator
from ..runs.predictor import Predictor
from .table import Measured, Subject, measure

WINDOW, DEVIATION = 11, 1.5
STABLE = (0.01, 0.03)
"""Wang et al.'s K1 and K2."""
LEAST_ERROR = 1e-10
"""A perfect copy counts as having this mean squared error, 100 dB."""
HOLED = 2000
TOGETHER = 500
HOLES = 0.3
"""At most this many images, some at a time, lose this fraction of their pixels to see what passes."""


Images = Float[Tensor, "batch channels *spatial"]


def peak_signal_to_noise(images: Images, others: Images) -> Float[Tensor, " batch"]:
    """`-10 log10` of the mean squared error of gray levels in [0, 1]: in decibels, higher is better."""
    error = (images.double() - others.double()).square().flatten(1).mean(1)
    return -10 * error.clamp_min(LEAST_ERROR).log10()


def window_for(image_shape: tuple[int, ...]) -> int | None:
    """The side of the window for images `(channels, *spatial)`: 11, or the largest odd one that fits; `None` where
    nothing does.
    """
    side = min(WINDOW, *image_shape[1:])
    side -= 1 - side % 2
    return side if side >= 3 else None


def structural_similarity(images: Images, others: Images, window: int = WINDOW) -> Float[Tensor, " batch"]:
    """Mean structural similarity (Wang et al. 2004) of gray levels in [0, 1]: Gaussian window of deviation 1.5,
    population covariances, windows wholly inside the image, each channel by itself; 1 for a perfect copy.
    """
    first, second = images.double(), others.double()
    mean, other_mean, square, other_square, product = (
        _blurred(one, window) for one in (first, second, first**2, second**2, first * second)
    )
    low, high = (constant**2 for constant in STABLE)
    variances = square - mean**2 + other_square - other_mean**2
    covariance = product - mean * other_mean
    similarity = (2 * mean * other_mean + low) * (2 * covariance + high)
    similarity /= (mean**2 + other_mean**2 + low) * (variances + high)
    return similarity.flatten(1).mean(1)


def _blurred(images: Images, window: int) -> Float[Tensor, "batch channels *inner"]:
    """The Gaussian mean over windows, one axis after another."""
    offsets = torch.arange(window, dtype=images.dtype, device=images.device) - window // 2
    weights = (-0.5 * (offsets / DEVIATION) ** 2).exp()
    weights /= weights.sum()
    for axis in range(2, images.ndim):
        moved = images.movedim(axis, -1)
        lines = F.conv1d(moved.reshape(-1, 1, moved.shape[-1]), weights.view(1, 1, -1))
        images = lines.view(*moved.shape[:-1], -1).movedim(-1, axis)
    return images


def squared_error(images: Images, others: Images) -> float:
    """The squared error per image: the mean of the sums over an image."""
    return float((images - others).double().square().flatten(1).sum(1).mean())


def squared_errors(model: Model, images: Tensor, condition: Condition) -> Float[Tensor, " batch"]:
    """Squared error of each reconstruction, summed over the image in gray levels of [0, 1]; a linear output is taken
    as it is, as for the published figures of PCA.
    """
    difference = mean_reconstruction(model, images, condition) - images
    return difference.square().flatten(1).sum(1).double()


def copying(predictor: Predictor, data: Samples, seed: int = 0) -> float:
    """How much of what is wrong with an image the reconstruction passes on: 30 % of the pixels of the first images
    are set to zero, and the squared change of the reconstruction is compared with that of the image. The identity,
    which an over-complete autoencoder may learn, passes on all of it, 1; what restores images, nothing. So does what
    ignores its input: read it beside the squared error.
    """
    passed, given = 0.0, 0.0
    data = data.take(slice(0, HOLED))
    for start in range(0, len(data), TOGETHER):
        part = data.take(slice(start, start + TOGETHER))
        images = part.images_as_floats()
        generators = [numpy_generator(seed, Stream.MEASURE, start + i) for i in range(len(images))]
        uniform = np.stack([generator.random(images.shape[1:]) for generator in generators])
        holed = images.masked_fill(torch.from_numpy(uniform < HOLES), 0)
        labels = None if predictor.model.num_classes == 0 else part.labels
        whole, changed = (predictor.apply(mean_reconstruction, one, labels).double() for one in (images, holed))
        passed += float((changed - whole).square().sum())
        given += float((holed - images).double().square().sum())
    return passed / max(given, 1e-12)


def mean_reconstruction(model: Model, images: Tensor, condition: Condition) -> Tensor:
    return model.likelihood_mean(model.encode(images, condition), condition)


@measure(
    "reconstruction",
    "squared error, PSNR and SSIM of reconstructions, and whether the model copies its input",
    ("reconstruction", "images of the data"),
    {
        "squared_error": "of the reconstruction, per image; lower is better",
        "psnr": "peak signal-to-noise ratio of the reconstruction, in decibels; higher is better",
        "ssim": "structural similarity of the reconstruction; 1 for a perfect one",
        "standardized_error": "squared error per image, in units of the training images' mean variance of a pixel",
        "copying": "fraction of holes in an image that are passed on; 1 for the identity",
    },
    default=True,
)
def reconstruction(subject: Subject) -> Measured:
    predictor, data = subject.model, subject.test
    window = window_for(data.image_shape)

    def compared(model: Model, images: Tensor, condition: Condition) -> Tensor:
        back = mean_reconstruction(model, images, condition).clamp(0, 1)
        ssim = structural_similarity(images, back, window) if window else torch.full((len(images),), torch.nan)
        errors = squared_errors(model, images, condition)
        return torch.stack([errors, peak_signal_to_noise(images, back), ssim.to(images.device)], 1)

    error, psnr, ssim = predictor.apply(compared, data).mean(0).tolist()
    values = {"squared_error": error, "psnr": psnr} | ({"ssim": ssim} if window else {})
    if scales := [module.scale for module in predictor.model.modules() if isinstance(module, Standardize)]:
        values["standardized_error"] = error / float(scales[0]) ** 2
    return Measured(values | {"copying": copying(predictor, data, subject.seed)}, {"ssim_window": window})


@measure(
    "recall",
    "squared error and PSNR of the training images that a model keeps latents of",
    ("latents of training images", "training images"),
    {
        "recall_squared_error": "of a training image from its own latent; lower is better",
        "recall_psnr": "its peak signal-to-noise ratio, in decibels; higher is better",
    },
    default=True,
)
def recall(subject: Subject) -> Measured:
    predictor, data = subject.model, subject.own()[0]
    images = data.images_as_floats()
    labels = data.labels if predictor.model.num_classes else None
    back = predictor.decode(predictor.model.network("table").weight, labels)
    values = {
        "recall_squared_error": squared_error(back, images),
        "recall_psnr": float(peak_signal_to_noise(images, back).mean()),
    }
    return Measured(values, {"training_images": len(data)})
