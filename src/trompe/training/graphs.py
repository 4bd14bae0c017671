"""A GPU's steps, recorded once and replayed.

A step of a small network is hundreds of kernels of some microseconds each, which Python starts more slowly than the GPU
runs them. A CUDA graph of the step starts them all at once. Whatever changes from step to step is in memory that the
graph reads: indices, learning rates, the decay of the moving average, and the seed of the noise. Steps that differ in
anything else are of another kind, with a graph of their own.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np
import torch
from torch import Tensor

from ..core.phases import Phase
from ..data.batches import Batches
from ..options.train import TrainOptions
from ..rng import Draws, seed_step
from ..terminal import note
from ..text import reason_of
from .state import State
from .step import average_decay, rates_of, update

Terms = dict[str, Tensor]
Recording = tuple[torch.cuda.CUDAGraph, list[str], Tensor]
"""A graph, and the names and values of the terms that it computes."""


class GraphedSteps:
    """Takes the steps of a training on one GPU, as `train_step` does elsewhere, from samples that lie on it.

    The first step of a kind is run as it is, which also warms the libraries up; the second is recorded.
    """

    def __init__(self, state: State, phases: tuple[Phase, ...], source: Batches, options: TrainOptions) -> None:
        self.state, self.phases, self.source, self.options = state, phases, source, options
        device = source.device
        self.draws = Draws(0, device, options.batch)
        self.indices = torch.zeros(options.batch, dtype=torch.int64, device=device)
        self.rates = {phase: torch.zeros((), device=device) for phase in phases}
        self.decay = torch.zeros((), device=device)
        self.memory = torch.cuda.graph_pool_handle()
        self.records = True
        self.recorded: dict[Hashable, Recording] = {}
        self.seen: set[Hashable] = set()

    def __call__(self, indices: np.ndarray, *, gradient_norms: bool) -> Terms:
        """Take one step, and give its terms, as `train_step` does."""
        step = self.state.step
        rates = rates_of(self.phases, self.state, self.options)
        self.indices.copy_(torch.from_numpy(np.ascontiguousarray(indices)), non_blocking=True)
        for phase, rate in rates.items():
            self.rates[phase].fill_(rate)
        self.decay.fill_(average_decay(self.options, step))
        self.draws.generator.manual_seed(seed_step(self.options.seed, step))
        kind = (gradient_norms, *((phase, phase.variant(step)) for phase in rates))
        terms = self.run(kind, list(rates), gradient_norms)
        self.state.step += 1
        return terms

    def run(self, kind: Hashable, taking: list[Phase], gradient_norms: bool) -> Terms:
        """The step as it is, at first; then its recording."""
        if kind not in self.seen or not self.records:
            self.seen.add(kind)
            return self.update(taking, gradient_norms)
        if kind not in self.recorded:
            try:
                self.recorded[kind] = self.record(taking, gradient_norms)
            except RuntimeError as error:  # a network of one's own may do what cannot be recorded
                note(f"the steps are not recorded as CUDA graphs, and are slower for it: {reason_of(error)}")
                self.records = False
                self.state.model.zero_grad(set_to_none=True)
                return self.update(taking, gradient_norms)
        graph, names, values = self.recorded[kind]
        graph.replay()
        return dict(zip(names, values.clone().unbind(), strict=True))

    def record(self, taking: list[Phase], gradient_norms: bool) -> Recording:
        graph = torch.cuda.CUDAGraph()
        graph.register_generator_state(self.draws.generator)
        with torch.cuda.graph(graph, pool=self.memory):
            terms = self.update(taking, gradient_norms)
            values = torch.stack([term.float() for term in terms.values()])
        return graph, list(terms), values

    def update(self, taking: list[Phase], gradient_norms: bool) -> Terms:
        batch = self.source.prepared(self.indices, self.draws)
        rates = {phase: self.rates[phase] for phase in taking}
        return update(self.state, rates, batch, self.options, self.decay, gradient_norms=gradient_norms)
