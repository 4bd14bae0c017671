"""Restricted Boltzmann machines, by their free energy and contrastive divergence.

Hinton 2002, *Training products of experts by minimizing contrastive divergence*; Hinton & Salakhutdinov 2006. Units
are binary, or Gaussian of variance one. A machine has no state of its own here: its three parameters are arguments.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Machine:
    """Weights and biases, and which of the two layers is Gaussian."""

    weight: Float[Tensor, "hidden visible"]
    hidden_bias: Float[Tensor, " hidden"]
    visible_bias: Float[Tensor, " visible"]
    gaussian_hidden: bool = False
    gaussian_visible: bool = False

    def free_energy(self, visible: Float[Tensor, "batch visible"]) -> Float[Tensor, " batch"]:
        """`-log sum_h exp(-E(v, h))`, up to a constant: minus the log-likelihood before normalisation."""
        inputs = F.linear(visible, self.weight, self.hidden_bias)
        hidden = 0.5 * inputs.square() if self.gaussian_hidden else F.softplus(inputs)
        if self.gaussian_visible:
            return 0.5 * (visible - self.visible_bias).square().sum(1) - hidden.sum(1)
        return -visible @ self.visible_bias - hidden.sum(1)

    def sample_hidden(self, visible: Float[Tensor, "batch visible"]) -> Float[Tensor, "batch hidden"]:
        inputs = F.linear(visible, self.weight, self.hidden_bias)
        return inputs + torch.randn_like(inputs) if self.gaussian_hidden else inputs.sigmoid().bernoulli()

    def mean_visible(self, hidden: Float[Tensor, "batch hidden"]) -> Float[Tensor, "batch visible"]:
        inputs = F.linear(hidden, self.weight.T, self.visible_bias)
        return inputs if self.gaussian_visible else inputs.sigmoid()


def contrastive_divergence(machine: Machine, visible: Float[Tensor, "batch visible"]) -> Float[Tensor, " batch"]:
    """CD-1 as a difference of free energies, between the data and what one step of the machine makes of them, which
    counts as given: its gradient is the usual `<v h>` of the one less that of the other. As in Hinton & Salakhutdinov's
    own code the hidden units are sampled and the visible ones are not.
    """
    with torch.no_grad():
        reconstruction = machine.mean_visible(machine.sample_hidden(visible))
    return machine.free_energy(visible) - machine.free_energy(reconstruction)
