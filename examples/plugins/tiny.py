"""Recipes of your own. `trompe train tiny.py:tiny`, or, since it is named, `trompe --plugin tiny.py train tiny-vae`."""

from dataclasses import replace

import trompe
from trompe.options.nets import MLPOptions
from trompe.recipes import Figure, Recipe, named


@named(Figure("elbo", -25.7, "nats/image"), cost="two seconds", name="tiny-vae")
def tiny() -> Recipe:
    """A VAE on the bundled digits that trains while you look."""
    base = trompe.recipe("vae-digits")
    return replace(base, nets=MLPOptions(widths=(64,), latent=2), train=replace(base.train, steps=300, decay_steps=300))
