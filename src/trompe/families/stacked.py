"""Stacked autoencoders: layer after layer by itself, then all of them together, to labels or to the pictures.

Vincent et al. 2010, *Stacked denoising autoencoders*: each layer a denoising autoencoder on the clean code of those
below it. Hinton & Salakhutdinov 2006, *Reducing the dimensionality of data with neural networks*: each layer a
restricted Boltzmann machine, unrolled afterwards into encoder and decoder.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from ..data.arrays import ImageData
from ..data.batches import Batch
from ..data.corruption import corrupt
from ..losses import emphasised, reconstruction
from ..model import Model
from ..nets import MLPDecoder, MLPEncoder, linear_of
from ..options import StackedOptions
from ..phases import Phase, When
from ..rbm import Machine, contrastive_divergence

LayerLoss = Callable[[Model, Batch, int, StackedOptions], dict[str, Tensor]]


def phases(options: StackedOptions) -> tuple[Phase, ...]:
    """A phase for each layer in its own steps, then one for all."""
    layers, loss = len(options.layer_steps), LAYER_LOSSES[options.layers]
    made, start = [], 0
    for index, steps in enumerate(options.layer_steps):
        parts = (f"encoder.layers.{index}", f"decoder.layers.{layers - 1 - index}")
        when = When(start, start + steps)
        made.append(Phase(f"layer_{index + 1}", parts, _of_layer(loss, index, options), when, options.layer_rate))
        start += steps
    return (*made, finetuning(options, When(start)))


def finetuning(options: StackedOptions, when: When) -> Phase:
    if options.finetune == "reconstruction":
        return Phase("finetune", ("encoder", "decoder"), lambda model, batch, step: reconstruction(model, batch), when)

    def loss(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
        return classification(model, batch, options)

    return Phase("finetune", ("encoder", "decoder", "classifier"), loss, when)


def _of_layer(loss: LayerLoss, index: int, options: StackedOptions) -> Callable[[Model, Batch, int], dict[str, Tensor]]:
    return lambda model, batch, step: loss(model, batch, index, options)


def networks(model: Model) -> tuple[MLPEncoder, MLPDecoder]:
    encoder, decoder = model.encoder, model.decoder
    assert isinstance(encoder, MLPEncoder)
    assert isinstance(decoder, MLPDecoder)
    return encoder, decoder


@torch.no_grad()
def below(model: Model, batch: Batch, index: int) -> Tensor:
    """What a layer sees: the clean code of those below it."""
    encoder, _ = networks(model)
    return encoder.layers[:index](encoder.inputs(batch.images)).float()


def denoising_layer(model: Model, batch: Batch, index: int, options: StackedOptions) -> dict[str, Tensor]:
    """A layer as a denoising autoencoder. The lowest is compared by the model's likelihood, the others, whose inputs
    are activations, by the squared error.
    """
    encoder, decoder = networks(model)
    undo = decoder.layers[len(decoder.layers) - 1 - index]
    if index == 0:
        corrupted, hit = corrupt(batch.images, options.corruption, options.level)
        parameters = decoder.outputs(undo(encoder.layers[0](encoder.inputs(corrupted)))).float()
        error = model.likelihood.per_number(parameters, batch.images)
    else:
        clean = below(model, batch, index)
        corrupted, hit = corrupt(clean, options.corruption, options.level)
        error = (undo(encoder.layers[index](corrupted)).float() - clean).square()
    return {"reconstruction": emphasised(error, hit, options.emphasis).flatten(1).sum(1)}


def machine_layer(model: Model, batch: Batch, index: int, options: StackedOptions) -> dict[str, Tensor]:
    """A layer as a restricted Boltzmann machine. Encoder and decoder hold its matrix each: both start from the same
    numbers (`tie`) and have the same gradient, so under Adam they stay the same.
    """
    encoder, decoder = networks(model)
    into, undo = linear_of(encoder.layers[index]), linear_of(decoder.layers[len(decoder.layers) - 1 - index])
    machine = Machine(
        0.5 * (into.weight + undo.weight.T),
        into.bias,
        undo.bias,
        gaussian_hidden=len(list(encoder.layers[index].children())) == 1,  # a linear code
        gaussian_visible=index == 0 and options.likelihood == "linear",
    )
    visible = below(model, batch, index)
    with torch.autocast(visible.device.type, enabled=False):  # a small difference of large numbers
        return {"contrastive_divergence": contrastive_divergence(machine, visible)}


LAYER_LOSSES: dict[str, LayerLoss] = {"denoising": denoising_layer, "rbm": machine_layer}


@torch.no_grad()
def tie(model: Model, options: StackedOptions, data: ImageData) -> None:
    """Start each layer of the decoder from the transpose of the encoder's: one machine is both, and a denoising layer
    starts from tied weights as its authors' do.
    """
    encoder, decoder = networks(model)
    for into, undo in zip(encoder.layers, reversed(decoder.layers), strict=True):
        linear_of(undo).weight.copy_(linear_of(into).weight.T)


def classification(model: Model, batch: Batch, options: StackedOptions) -> dict[str, Tensor]:
    """Cross-entropy of the labels, with units dropped on the way while training (Srivastava et al. 2014), and the
    picture's reconstruction from the same code, which keeps the code from forgetting what it was trained for.

    An adversarial step shares the cross-entropy between the pictures and copies of them moved against the model, each
    pixel by as much, along the sign of its gradient (Goodfellow et al. 2015, eq. 4).
    """
    assert batch.labels is not None, "labels are learned from labelled pictures"
    attacked = options.adversarial > 0 and model.training
    images = batch.images.clone().requires_grad_(attacked)
    code = dropped_code(model, images, options)
    error = F.cross_entropy(model.logits_of(code), batch.labels, reduction="none")
    if attacked:
        (gradient,) = torch.autograd.grad(error.sum(), images, retain_graph=True)
        worse = dropped_code(model, batch.images + options.adversarial * gradient.sign(), options)
        error = 0.5 * (error + F.cross_entropy(model.logits_of(worse), batch.labels, reduction="none"))
    terms = {"cross_entropy": error}
    if options.keep:
        terms["reconstruction"] = options.keep * model.likelihood.negative_log(model.parameters_of(code), batch.images)
    return terms


def dropped_code(model: Model, images: Tensor, options: StackedOptions) -> Tensor:
    """The code of these pictures, with pixels hidden and units dropped while training."""
    encoder, _ = networks(model)
    hidden = corrupt(images, "masking", options.hide)[0] if model.training else images
    x = encoder.inputs(hidden)
    for layer in encoder.layers:
        x = F.dropout(layer(x), options.dropout, model.training)
    return x
