"""Losses of stacked autoencoders: one layer by itself, and all of them on labels.

Vincent et al. 2010, *Stacked denoising autoencoders*; Hinton & Salakhutdinov 2006, *Reducing the dimensionality of data
with neural networks*.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..core.model import Images, Latents, Model
from ..data.batches import Batch
from ..data.transforms import corrupted
from ..nets.mlp import linear_of
from ..options.names import CorruptionName
from .boltzmann import Machine, contrastive_divergence
from .reconstruction import emphasized


@torch.no_grad()
def layer_input(model: Model, batch: Batch, index: int) -> Float[Tensor, "batch inputs"]:
    """A layer's input: the clean output of the layers below it."""
    encoder = model.network("encoder")
    return encoder.layers[:index](encoder.inputs(batch.images)).float()


def denoising_layer(
    model: Model, batch: Batch, index: int, corruption: CorruptionName, level: float, emphasis: tuple[float, float]
) -> dict[str, Tensor]:
    """A layer as a denoising autoencoder. The error of the lowest is by the model's likelihood; of the others, whose
    inputs are activations, it is the squared error.
    """
    encoder, decoder = model.network("encoder"), model.network("decoder")
    inverse = decoder.layers[len(decoder.layers) - 1 - index]
    if index == 0:
        noisy, mask = corrupted(batch.images, corruption, level, batch)
        parameters = decoder.outputs(inverse(encoder.layers[0](encoder.inputs(noisy)))).float()
        error = model.likelihood.elementwise_nll(parameters, batch.images)
    else:
        clean = layer_input(model, batch, index)
        noisy, mask = corrupted(clean, corruption, level, batch)
        error = (inverse(encoder.layers[index](noisy)).float() - clean).square()
    return {"reconstruction": emphasized(error, mask, emphasis).flatten(1).sum(1)}


def boltzmann_layer(model: Model, batch: Batch, index: int, *, gaussian_visible: bool) -> dict[str, Tensor]:
    """A layer as a restricted Boltzmann machine. Encoder and decoder each hold its matrix: both start from the same
    values and have the same gradient, so under Adam they stay equal.
    """
    encoder, decoder = model.network("encoder"), model.network("decoder")
    forth, back = linear_of(encoder.layers[index]), linear_of(decoder.layers[len(decoder.layers) - 1 - index])
    machine = Machine(
        0.5 * (forth.weight + back.weight.T),
        forth.bias,
        back.bias,
        gaussian_hidden=len(encoder.layers[index]) == 1,  # a linear latent
        gaussian_visible=index == 0 and gaussian_visible,
    )
    visible = layer_input(model, batch, index)
    with torch.autocast(visible.device.type, enabled=False):  # a small difference of large numbers
        return {"contrastive_divergence": contrastive_divergence(machine, visible, batch)}


def classification(
    model: Model, batch: Batch, *, masking: float, dropout: float, adversarial: float, reconstruction: float
) -> dict[str, Tensor]:
    """Cross-entropy of the labels, with dropout while training (Srivastava et al. 2014), and, weighted by
    `reconstruction`, the image's reconstruction from the same latent, which preserves what pretraining learned.

    With `adversarial`, half of the cross-entropy is of copies whose pixels are moved by that much along the sign of
    their gradient (Goodfellow et al. 2015, eq. 4).
    """
    assert batch.labels is not None, "classification needs labels"
    attacked = adversarial > 0 and batch.training
    images = batch.images.clone().requires_grad_(attacked)
    latents = dropped_latents(model, batch, images, masking, dropout)
    error = F.cross_entropy(model.class_logits(latents), batch.labels, reduction="none")
    if attacked:
        (gradient,) = torch.autograd.grad(error.sum(), images, retain_graph=True)
        worse = dropped_latents(model, batch, batch.images + adversarial * gradient.sign(), masking, dropout)
        error = 0.5 * (error + F.cross_entropy(model.class_logits(worse), batch.labels, reduction="none"))
    terms = {"cross_entropy": error}
    if reconstruction:
        nll = model.likelihood.nll(model.decoder_parameters(latents), batch.images)
        terms["reconstruction"] = reconstruction * nll
    return terms


def dropped_latents(model: Model, batch: Batch, images: Images, masking: float, dropout: float) -> Latents:
    """The latents of these images, with pixels masked and units dropped while training."""
    encoder = model.network("encoder")
    if not batch.training:
        return encoder(images)
    x = encoder.inputs(corrupted(images, "masking", masking, batch)[0])
    for layer in encoder.layers:
        x = layer(x)
        if dropout:
            x = x * (batch.uniform(x.shape[1]) >= dropout) / (1 - dropout)
    return x
