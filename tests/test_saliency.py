"""The discriminator's gradient with respect to the image, and images that follow it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import trompe
from conftest import small
from trompe.analysis.discriminator import (
    STRIDE,
    discriminator_ascent,
    discriminator_gradient,
    generated,
    real_probability,
)


@pytest.fixture(scope="module")
def gan_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    return trompe.train(small("gan-cifar10-lecture", steps=30), tmp_path_factory.mktemp("gan"))


@pytest.fixture(scope="module")
def class_gan_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    recipe = small("cgan", steps=2)
    return trompe.train(recipe, tmp_path_factory.mktemp("cgan"))


def test_it_is_the_gradient_of_the_logit(gan_run: trompe.Run) -> None:
    """Against differences."""
    predictor = gan_run.predictor
    images = trompe.load_data("digits:test").take(slice(0, 3)).images_as_floats()
    slope = discriminator_gradient(predictor, images)
    moved = images.clone()
    moved[:, 0, 3, 4] = (moved[:, 0, 3, 4] + 1e-3 * torch.where(moved[:, 0, 3, 4] > 0.5, -1, 1)).clamp(0, 1)
    change = moved[:, 0, 3, 4] - images[:, 0, 3, 4]
    rise = predictor.discriminator_logits(moved) - predictor.discriminator_logits(images)
    torch.testing.assert_close(rise, slope[:, 0, 3, 4] * change, rtol=0.05, atol=2e-5)


def test_images_that_follow_it_look_more_real(gan_run: trompe.Run) -> None:
    images, labels = generated(gan_run.predictor, 4)
    assert labels is None
    first, *between, last = discriminator_ascent(gan_run.predictor, images, steps=10)
    torch.testing.assert_close(first, images)
    assert len(between) == 9
    logits = [gan_run.predictor.discriminator_logits(one) for one in (first, last)]
    assert bool((logits[1] > logits[0]).all())
    assert 0 < float((between[0] - first).abs().flatten(1).mean(1).max()) <= STRIDE * 1.001
    assert not np.array_equal(first, last)


def test_a_class_conditional_discriminator_is_given_the_classes(class_gan_run: trompe.Run) -> None:
    images, labels = generated(class_gan_run.predictor, 12)
    assert labels is not None
    assert labels.tolist() == [*range(10), 0, 1]
    one, other = (discriminator_gradient(class_gan_run.predictor, images, given) for given in (labels, labels.flip(0)))
    assert not torch.equal(one, other)


def test_a_logit_of_a_difference_is_no_probability(gan_run: trompe.Run, class_gan_run: trompe.Run) -> None:
    logits = torch.tensor([-1.0, 0.0, 2.0])
    torch.testing.assert_close(real_probability(gan_run.predictor, logits), logits.sigmoid())
    assert real_probability(class_gan_run.predictor, logits) is None  # relativistic


def test_it_is_of_a_discriminator_of_images(vae_run: trompe.Run, tmp_path_factory: pytest.TempPathFactory) -> None:
    images = torch.rand(2, 1, 8, 8)
    with pytest.raises(trompe.TrompeError, match="the model has no discriminator\nhint: give a GAN's run"):
        discriminator_gradient(vae_run.predictor, images)
    recipe = small("aae-mnist", steps=1)
    of_latents = trompe.train(replace(recipe, name="aae"), tmp_path_factory.mktemp("aae"))
    with pytest.raises(trompe.TrompeError, match="sees latents, not images"):
        discriminator_gradient(of_latents.predictor, images)
