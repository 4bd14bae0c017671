"""What a training measures of itself on the way: its losses on test samples, and samples from one fixed noise."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import torch
from torch import Tensor

from ..core.model import Model
from ..data.batches import Batches
from ..display.grid import png, side_by_side
from ..display.samples import shown
from ..files import write_bytes
from ..rng import Draws, Stream, derive, normal, numpy_generator
from ..runs.predictor import condition_of
from .diversity import sample_diversity
from .session import Session, check_before_writing
from .step import autocast

GRID = (8, 8)
COMPARED = 500
"""Training and held-out samples of which the discriminator's logits are compared."""


@torch.no_grad()
def evaluate(session: Session) -> None:
    """Log every phase's terms on test samples, with the weights to use and noise of its own."""
    check_before_writing(session)
    model, options, test = session.state.usable, session.recipe.train, session.test
    phases = [phase for phase in session.phases if phase.when.spans(session.state.step)]
    totals: dict[str, float] = defaultdict(float)
    model.eval()
    for first in range(0, len(test), options.batch):
        indices = np.arange(first, min(len(test), first + options.batch))
        draws = Draws(derive(options.seed, Stream.MEASURE, first), test.device, len(indices))
        batch = test.prepared(indices, draws, training=False)
        for phase in phases:
            with autocast(test.device, options):
                terms = phase.loss(model, batch, session.state.step)
            for name, term in terms.items():
                totals[f"test/{phase.name}/{name}"] += float(term.double().sum())
    means = {name: total / len(test) for name, total in totals.items()}
    if session.recipe.family.discriminator_sees:
        means["test/train_vs_held_out_auc"] = train_vs_held_out_auc(model, session.batches, test, options.seed)
    model.train()
    if means:
        session.log.write(session.state.step, means)


def train_vs_held_out_auc(model: Model, trained_on: Batches, held_out: Batches, seed: int) -> float:
    """The probability that the discriminator's logit of a training sample is larger than that of a held-out one: a half
    if it does not overfit.
    """

    def logits(batches: Batches) -> Tensor:
        found: list[Tensor] = []
        for indices in np.array_split(some_of(batches, COMPARED, seed), COMPARED // 100):
            draws = Draws(derive(seed, Stream.MEASURE, len(found)), batches.device, len(indices))
            batch = batches.prepared(indices, draws, training=False)
            found.append(model.discriminator_logits(batch.images, batch.condition))
        return torch.cat(found)

    return float((logits(trained_on)[:, None] > logits(held_out)).float().mean())


def some_of(batches: Batches, count: int, seed: int) -> np.ndarray:
    """Indices of this many samples, or of all, in an order unrelated to their classes, always the same."""
    return numpy_generator(seed, Stream.MEASURE).permutation(len(batches))[:count]


@torch.no_grad()
def save_sample_grid(session: Session) -> None:
    """Draw samples from one fixed noise, and log their diversity; or, where nothing can be sampled, reconstructions:
    without an encoder, of training images from their own latents; or nothing, of a model without a decoder.
    """
    if "decoder" not in session.state.usable.networks:
        return
    check_before_writing(session)
    model, options, test = session.state.usable, session.recipe.train, session.test
    model.eval()
    if model.prior is not None:
        count = GRID[0] * GRID[1]
        given = test.gather(np.arange(count) % len(test)).condition.images
        condition = condition_of(model, count, images=given)
        noise = normal((count, *model.latent_shape), options.seed, Stream.SAMPLE).to(model.device)
        samples = model.sample(noise, condition.to(model.device))
        image = shown(samples.cpu(), session.record.data.format, columns=GRID[1])
        real = test.gather(some_of(test, 2 * count, options.seed)).images
        session.log.write(session.state.step, sample_diversity(samples, real))
    elif "encoder" not in model.networks:
        batch = session.batches.gather(np.arange(min(32, len(session.batches))))
        assert batch.indices is not None
        image = side_by_side(batch.images, model.recall(batch.indices.to(model.device), batch.condition))
    else:
        batch = test.gather(np.arange(min(32, len(test))))
        given = batch.condition.images if model.lifts else batch.images
        assert given is not None
        image = side_by_side(batch.images, model.reconstruct(given, batch.condition))
    model.train()
    content = png(image)
    write_bytes(session.folder / "samples" / f"step-{session.state.step:06d}.png", content)
    session.log.image(session.state.step, "samples", content)
