"""Restricted Boltzmann machines, by their free energy and contrastive divergence.

Hinton 2002, *Training products of experts by minimizing contrastive divergence*; Hinton & Salakhutdinov 2006. Units
are binary, or Gaussian of variance one. A machine has no state of its own: its parameters are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from ..rng import Noise


@dataclass(frozen=True)
class Machine:
    """Weights and biases, and which of its layers are Gaussian."""

    weight: Float[Tensor, "hidden visible"]
    hidden_bias: Float[Tensor, " hidden"]
    visible_bias: Float[Tensor, " visible"]
    gaussian_hidden: bool = False
    gaussian_visible: bool = False

    def free_energy(self, visible: Float[Tensor, "batch visible"]) -> Float[Tensor, " batch"]:
        """`-log sum_h exp(-E(v, h))`, up to a constant: minus the log-likelihood before normalization."""
        inputs = F.linear(visible, self.weight, self.hidden_bias)
        hidden = 0.5 * inputs.square() if self.gaussian_hidden else F.softplus(inputs)
        if self.gaussian_visible:
            return 0.5 * (visible - self.visible_bias).square().sum(1) - hidden.sum(1)
        return -visible @ self.visible_bias - hidden.sum(1)

    def sample_hidden(self, visible: Float[Tensor, "batch visible"], noise: Noise) -> Float[Tensor, "batch hidden"]:
        inputs = F.linear(visible, self.weight, self.hidden_bias)
        if self.gaussian_hidden:
            return inputs + noise.normal(inputs.shape[1])
        return (noise.uniform(inputs.shape[1]) < inputs.sigmoid()).to(inputs.dtype)

    def mean_visible(self, hidden: Float[Tensor, "batch hidden"]) -> Float[Tensor, "batch visible"]:
        inputs = F.linear(hidden, self.weight.T, self.visible_bias)
        return inputs if self.gaussian_visible else inputs.sigmoid()


def contrastive_divergence(
    machine: Machine, visible: Float[Tensor, "batch visible"], noise: Noise
) -> Float[Tensor, " batch"]:
    """CD-1 as the free energy of the data less that of their reconstruction by one Gibbs step, which is held constant:
    its gradient is the usual difference of the correlations `<v h>`. As in Hinton & Salakhutdinov's own code the hidden
    units are sampled and the visible ones are not.
    """
    with torch.no_grad():
        reconstruction = machine.mean_visible(machine.sample_hidden(visible, noise))
    return machine.free_energy(visible) - machine.free_energy(reconstruction)
