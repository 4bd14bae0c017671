"""A variational autoencoder on the 8x8 digits, whole, in one file, without trompe.

    python examples/vae_in_one_file.py

It does what `trompe train vae-mlp` does, without resuming, records and speed. The tests compare its losses with the
library's, term by term.

Kingma & Welling 2014, "Auto-encoding variational Bayes", https://arxiv.org/abs/1312.6114
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import Tensor, nn

LATENT = 2
WIDTH = 256
STEPS = 3000
BATCH = 128


class VAE(nn.Module):
    """q(z|x) is a Gaussian with a diagonal covariance, p(x|z) a Bernoulli for each pixel, p(z) the unit Gaussian."""

    def __init__(self, pixels: int) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(pixels, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 2 * LATENT))
        self.decoder = nn.Sequential(nn.Linear(LATENT, WIDTH), nn.ReLU(), nn.Linear(WIDTH, pixels))

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of q(z|x)."""
        mean, log_variance = self.encoder(x).chunk(2, dim=1)
        return mean, log_variance

    def losses(self, x: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Minus the two terms of the evidence lower bound, in nats, for each image."""
        mean, log_variance = self.posterior(x)
        z = mean + (0.5 * log_variance).exp() * noise  # reparameterized: the gradient goes through the sample
        logits = self.decoder(z)
        reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
        kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(1)
        return reconstruction, kl

    def sample(self, count: int) -> Tensor:
        """Images from the prior."""
        return self.decoder(torch.randn(count, LATENT)).sigmoid()


def as_text(image: Tensor) -> str:
    """An 8x8 image for the terminal."""
    shades = " .:-=+*#%@"
    rows = (image.view(8, 8) * (len(shades) - 1)).round().int().tolist()
    return "\n".join("".join(2 * shades[level] for level in row) for row in rows)


def main() -> None:
    torch.manual_seed(0)
    x = torch.from_numpy(load_digits().data).float() / 16
    vae = VAE(x.shape[1])
    optimizer = torch.optim.Adam(vae.parameters(), lr=1e-3)
    for step in range(1, STEPS + 1):
        batch = x[torch.randint(len(x), (BATCH,))]
        reconstruction, kl = vae.losses(batch, torch.randn(BATCH, LATENT))
        loss = (reconstruction + kl).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 500 == 0:
            print(f"step {step}: reconstruction {reconstruction.mean():.2f}, kl {kl.mean():.2f} nats")
    for image in vae.sample(3):
        print(as_text(image.detach()), end="\n\n")


if __name__ == "__main__":
    main()
