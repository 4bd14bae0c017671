"""One VAE trained by several libraries, and the matrix products that none of them can do without.

784-500-(20 means, 20 log variances)-500-784 with ReLU; cross-entropy of gray levels plus KL; batches of 100; Adam at a
constant 1e-3; on the CPU. A contender is made with its data and its optimizer, and then takes steps only.
"""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, RandomSampler

import trompe
from trompe.core.distributions import DiagonalGaussian
from trompe.data.batches import Batches
from trompe.data.order import batch_indices
from trompe.data.samples import Samples
from trompe.device import keep_freed_memory
from trompe.options.numbers import Precision
from trompe.recipes.build import build_model
from trompe.training.resolve import resolved
from trompe.training.state import initial_state
from trompe.training.step import train_step

BATCH = 100
RATE = 1e-3
PIXELS, HIDDEN, LATENT = 784, 500, 20


@dataclass(frozen=True)
class Contender:
    """A way to train, and the model that is trained.

    Attributes:
        train: takes this many more steps.
        encode: images in [0, 1], `(batch, 1, 28, 28)`, to means and log variances; absent where there is no model.
        decode: latents to logits.
    """

    name: str
    train: Callable[[int], None]
    encode: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None
    decode: Callable[[Tensor], Tensor] | None = None


def by_trompe(name: str, data: Samples, seed: int, precision: Precision) -> Contender:
    """The step of the library, on the recipe `vae-mnist`; log values come from the device as often as in a run."""
    keep_freed_memory()
    device = torch.device("cpu")
    recipe = trompe.recipe("vae-mnist")
    options = replace(
        recipe.train, batch=BATCH, learning_rate=RATE, schedule="constant", precision=precision, seed=seed
    )
    recipe = resolved(replace(recipe, train=options), device)
    options = recipe.train
    model = build_model(recipe, data.format)
    phases = recipe.family.phases()
    state = initial_state(model, phases, options)
    batches = Batches(data, device, recipe.data)

    def train(steps: int) -> None:
        pending: list[Tensor] = []
        for _ in range(steps):
            indices = batch_indices(len(data), options.batch, options.seed, state.step)
            pending += train_step(state, phases, batches, indices, options).values()
            if state.step % options.log_every == 0:
                torch.stack(pending).tolist()
                pending.clear()

    def encode(images: Tensor) -> tuple[Tensor, Tensor]:
        posterior = model.posterior(images)
        assert isinstance(posterior, DiagonalGaussian)
        return posterior.mean, posterior.log_variance

    return Contender(name, train, encode, model.decoder_parameters)


def networks() -> tuple[Encoder, nn.Sequential]:
    """The same encoder and decoder for those that bring none."""
    return Encoder(), nn.Sequential(nn.Linear(LATENT, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, PIXELS))


class Encoder(nn.Sequential):
    """Images to means and log variances."""

    def __init__(self) -> None:
        super().__init__(nn.Flatten(), nn.Linear(PIXELS, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2 * LATENT))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = super().forward(images).chunk(2, dim=1)
        return mean, log_variance


# The loop of PyTorch's VAE example


class Images(Dataset[tuple[Tensor, int]]):
    """What torchvision's `MNIST` with `ToTensor` does for an image, each time it is read."""

    def __init__(self, data: Samples) -> None:
        assert data.labels is not None
        self.images = torch.from_numpy(np.ascontiguousarray(data.images[:, 0]))
        self.labels = torch.from_numpy(data.labels)

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        image, label = Image.fromarray(self.images[index].numpy()), int(self.labels[index])
        pixels = torch.from_numpy(np.array(image, copy=True))
        pixels = pixels.view(image.height, image.width, 1).permute(2, 0, 1).contiguous()
        return pixels.to(torch.get_default_dtype()).div(255), label


def by_textbook(data: Samples, seed: int) -> Contender:
    """PyTorch's VAE example: a loader of images one by one, a plain optimizer, the loss read at every step."""
    torch.manual_seed(seed)
    encoder, decoder = networks()
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=RATE)
    stream = endless(DataLoader(Images(data), batch_size=BATCH, shuffle=True, num_workers=0))

    def train(steps: int) -> None:
        total = 0.0
        for images, _ in islice(stream, steps):
            optimizer.zero_grad()
            mean, log_variance = encoder(images)
            latents = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
            cross_entropy = F.binary_cross_entropy_with_logits(decoder(latents), images.flatten(1), reduction="sum")
            loss = cross_entropy - 0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
            loss.backward()
            total += loss.item()
            optimizer.step()

    return Contender("textbook", train, encoder, decoder)


def endless(loader: DataLoader[tuple[Tensor, int]]) -> Iterator[tuple[Tensor, Tensor]]:
    while True:
        yield from loader


# pythae


def by_pythae(data: Samples, seed: int) -> Contender:
    """The VAE and the trainer of pythae, on images that are float tensors already.

    Raises:
        ImportError: it is not installed.
    """
    from pythae.data.datasets import BaseDataset, collate_dataset_output
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    class PythaeEncoder(BaseEncoder):
        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, x: Tensor) -> ModelOutput:
            mean, log_variance = self.network(x)
            return ModelOutput(embedding=mean, log_covariance=log_variance)

    class PythaeDecoder(BaseDecoder):
        def __init__(self, network: nn.Module) -> None:
            super().__init__()
            self.network = network

        def forward(self, z: Tensor) -> ModelOutput:
            return ModelOutput(reconstruction=self.network(z).sigmoid().view(-1, 1, 28, 28))

    torch.manual_seed(seed)
    encoder, decoder = networks()
    config = VAEConfig(input_dim=(1, 28, 28), latent_dim=LATENT, reconstruction_loss="bce")
    dataset = BaseDataset(data.images_as_floats(), torch.from_numpy(data.labels))
    with quiet(), tempfile.TemporaryDirectory() as folder:
        options = BaseTrainerConfig(
            output_dir=folder, per_device_train_batch_size=BATCH, learning_rate=RATE, seed=seed, no_cuda=True
        )
        trainer = BaseTrainer(
            VAE(config, PythaeEncoder(encoder), PythaeDecoder(decoder)), dataset, training_config=options
        )
        trainer.prepare_training()

    def train(steps: int) -> None:
        # its trainer takes whole epochs: this loader is its own but for the length of one
        sampler = RandomSampler(dataset, num_samples=steps * BATCH)
        trainer.train_loader = DataLoader(dataset, batch_size=BATCH, sampler=sampler, collate_fn=collate_dataset_output)
        with quiet():
            trainer.train_step(1)
            trainer.callback_handler.on_epoch_end(trainer.training_config)  # closes its progress bar

    return Contender("pythae", train, encoder, decoder)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep messages and progress bars off the terminal; they are produced all the same."""
    logging.disable(logging.INFO)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        logging.disable(logging.NOTSET)


# The bound


def by_products() -> Contender:
    """The float32 matrix products of a step and nothing else, into memory that is there already."""
    shapes = ((PIXELS, HIDDEN), (HIDDEN, 2 * LATENT), (LATENT, HIDDEN), (HIDDEN, PIXELS))
    layers = []
    for number, (inputs, outputs) in enumerate(shapes):
        x, weight, slope = torch.randn(BATCH, inputs), torch.randn(outputs, inputs), torch.randn(BATCH, outputs)
        into = None if number == 0 else torch.empty_like(x)  # no step needs the gradient of the images
        layers.append((x, weight, slope, torch.empty_like(slope), torch.empty_like(weight), into))

    def train(steps: int) -> None:
        for _ in range(steps):
            for x, weight, slope, y, weight_slope, x_slope in layers:
                torch.mm(x, weight.t(), out=y)
                torch.mm(slope.t(), x, out=weight_slope)
                if x_slope is not None:
                    torch.mm(slope, weight, out=x_slope)

    return Contender("bound", train)
