"""Stacked autoencoders: layer after layer by itself, then all of them together, on labels or on the images.

Vincent et al. 2010, *Stacked denoising autoencoders*: each layer a denoising autoencoder on the clean output of those
below it. Hinton & Salakhutdinov 2006, *Reducing the dimensionality of data with neural networks*: each layer a
restricted Boltzmann machine, unrolled afterwards into encoder and decoder.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Literal

from ..errors import TrompeError
from ..options.names import CorruptionName, LikelihoodName, PosteriorName
from ..options.nets import MLPOptions
from ..options.numbers import Count, NonNegative, Positive, Probability, Share
from .base import Family, family

if TYPE_CHECKING:
    from torch import Tensor

    from ..core.model import Model
    from ..core.phases import Loss, Phase
    from ..data.batches import Batch
    from ..data.samples import Samples
    from ..recipes.tree import Recipe


@family
@dataclass(frozen=True)
class StackedAutoencoder(Family):
    """Greedy layer-wise pretraining, then all layers together."""

    kind: ClassVar[str] = "stacked"
    title: ClassVar[str] = "stacked autoencoder"
    posterior: ClassVar[PosteriorName] = "point"
    prior: ClassVar[None] = None

    likelihood: LikelihoodName = "bernoulli"
    """Reconstruction loss."""
    layer_steps: tuple[Count, ...] = (4000, 4000, 4000)
    """Pretraining steps of each layer, the lowest first: hidden layers, then the latent; empty for no pretraining."""
    layer_lr_scale: Positive = 1.0
    """Learning-rate scale of the pretraining."""
    layer_type: Literal["denoising", "rbm"] = "denoising"
    """Pretrain each layer as a denoising autoencoder or as a restricted Boltzmann machine."""
    corruption: CorruptionName = "masking"
    """Corruption of a denoising layer's input: masking, Gaussian noise, or salt-and-pepper."""
    level: Probability = 0.25
    """Fraction of the inputs corrupted; for Gaussian noise its standard deviation."""
    emphasis: tuple[NonNegative, NonNegative] = (1.0, 1.0)
    """Loss weights of corrupted and of clean inputs."""
    finetune: Literal["labels", "reconstruction"] = "labels"
    """Fine-tune all layers to classify or to reconstruct."""
    masking: Share = 0.2
    """Fraction of the pixels masked while fine-tuning on labels."""
    dropout: Share = 0.5
    """Dropout of the hidden units while fine-tuning on labels."""
    adversarial: NonNegative = 0.1
    """Step size of adversarial training (fast gradient sign) while fine-tuning on labels; 0 for none."""
    reconstruction: NonNegative = 0.01
    """Weight of the reconstruction loss while fine-tuning on labels."""

    @property
    def learns_labels(self) -> bool:
        return self.finetune == "labels"

    def phases(self) -> tuple[Phase, ...]:
        """A phase for each layer in its own steps, then one for all."""
        from ..core.phases import Phase, When, constant

        layers, phases, start = len(self.layer_steps), [], 0
        for index, steps in enumerate(self.layer_steps):
            parts = (f"encoder.layers.{index}", f"decoder.layers.{layers - 1 - index}")
            when = When(start, start + steps)
            phases.append(
                Phase(f"layer_{index + 1}", parts, self._layer_loss(index), when, self.layer_lr_scale, constant)
            )
            start += steps
        trained = ("encoder", "decoder") + (("classifier",) if self.learns_labels else ())
        return (*phases, Phase("finetune", trained, self._finetuning_loss(), When(start), variant=constant))

    def _layer_loss(self, index: int) -> Loss:
        from ..losses.layerwise import boltzmann_layer, denoising_layer

        def loss(model: Model, batch: Batch, step: int) -> dict[str, Tensor]:
            if self.layer_type == "rbm":
                return boltzmann_layer(model, batch, index, gaussian_visible=self.likelihood == "linear")
            return denoising_layer(model, batch, index, self.corruption, self.level, self.emphasis)

        return loss

    def _finetuning_loss(self) -> Loss:
        from ..losses.layerwise import classification
        from ..losses.reconstruction import reconstruction

        on_labels = partial(
            classification,
            masking=self.masking,
            dropout=self.dropout,
            adversarial=self.adversarial,
            reconstruction=self.reconstruction,
        )
        return lambda model, batch, step: (on_labels if self.learns_labels else reconstruction)(model, batch)

    def fit(self, model: Model, data: Samples) -> None:
        """Start each layer of the decoder from the transpose of the encoder's: one machine is both, and a denoising
        layer starts from tied weights as its authors' do.
        """
        import torch

        from ..nets.mlp import linear_of

        encoder, decoder = model.network("encoder"), model.network("decoder")
        with torch.no_grad():
            for forth, back in zip(encoder.layers, reversed(decoder.layers), strict=True):
                linear_of(back).weight.copy_(linear_of(forth).weight.T)

    def check(self, recipe: Recipe) -> None:
        nets, steps, layer_steps = recipe.nets, recipe.train.steps, sum(self.layer_steps)
        if not isinstance(nets, MLPOptions) or nets.conditional or nets.gated or nets.norm != "none":
            raise TrompeError(
                "only a plain multilayer perceptron can be stacked: neither gated, normalized nor conditional",
                hint="use the recipe `sdae-mnist`",
            )
        if self.likelihood in ("gaussian", "linear-gaussian", "logistic"):
            raise TrompeError(
                f"a stacked autoencoder's layers learn no scale, and family.likelihood = {self.likelihood} has one",
                hint="use `bernoulli`, `squared-error` or `linear`",
            )
        self._check_unused()
        if self.layer_steps and len(self.layer_steps) != len(nets.widths) + 1:
            raise TrompeError(
                f"family.layer_steps has {len(self.layer_steps)} entries, and the encoder {len(nets.widths) + 1} "
                f"layers: {len(nets.widths)} hidden ones and the latent",
                hint="give one number of steps per layer, or none at all",
            )
        if 0 < steps <= layer_steps:
            raise TrompeError(
                f"pretraining takes {layer_steps:,} steps, and train.steps = {steps:,} leaves none to fine-tune",
                hint="give more `--train.steps`, or fewer `--family.layer-steps`",
            )
        if self.layer_type == "rbm" and self.layer_steps and nets.activation != "sigmoid":
            raise TrompeError(
                f"a restricted Boltzmann machine's hidden units are logistic, and nets.activation = {nets.activation}",
                hint="use `--nets.activation sigmoid`, or `--family.layer-type denoising`",
            )

    def _check_unused(self) -> None:
        """Options without an effect are refused."""
        unused: tuple[str, ...] = () if self.learns_labels else ("masking", "dropout", "adversarial", "reconstruction")
        unused += ("corruption", "level", "emphasis") if self.layer_type == "rbm" else ()
        for name in unused:
            if getattr(self, name) != getattr(StackedAutoencoder(), name):
                raise TrompeError(
                    f"family.{name} has no effect where family.layer_type = {self.layer_type} and family.finetune = "
                    f"{self.finetune}",
                    hint=f"leave `--family.{name}` out",
                )
