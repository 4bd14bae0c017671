"""Adversarial families: each network's loss, what it may change, and what the discriminator sees."""

from __future__ import annotations

import copy
import math
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import trompe
from conftest import small
from trompe import measures
from trompe.condition import NOTHING, Condition
from trompe.core.distributions import LIKELIHOODS
from trompe.core.model import Model
from trompe.core.phases import training_only
from trompe.data import transforms
from trompe.data.batches import Batch
from trompe.data.samples import Format
from trompe.data.transforms import AUGMENTATIONS, augmented
from trompe.families import AAE, GAN, VAEGAN, BiGAN, Family
from trompe.families.vae_gan import fakes
from trompe.losses.adversarial import OBJECTIVES, accuracy, generated, input_gradient
from trompe.losses.reconstruction import feature_distance
from trompe.nets.discriminators import Discriminator
from trompe.nets.layers import Encoder
from trompe.options.nets import MLPOptions
from trompe.recipes.build import build_model
from trompe.recipes.checks import checked
from trompe.rng import Draws, Noise
from trompe.training.step import update_average

LOGITS = torch.linspace(-3, 3, 7)
DIGITS = Format((1, 8, 8))


def draws(count: int, key: int = 0) -> Draws:
    """The noise of a batch, from its beginning."""
    return Draws(key, torch.device("cpu"), count)


def batch_of(images: Tensor) -> Batch:
    return Batch(images, draws=draws(len(images)))


def test_the_minimax_generator_gains_what_the_discriminator_loses() -> None:
    """Up to the part of it that no generator changes."""
    fake = LOGITS.clone().requires_grad_()
    objective = OBJECTIVES["minimax"]
    (gained,) = torch.autograd.grad(objective.generator(LOGITS, fake).sum(), fake)
    (lost,) = torch.autograd.grad(objective.discriminator(LOGITS, fake).sum(), fake)
    torch.testing.assert_close(gained, -lost)


def test_a_confident_discriminator_leaves_the_minimax_generator_without_gradient() -> None:
    """The reason for the non-saturating objective (Goodfellow et al. 2014, section 3)."""
    fake = torch.tensor([-12.0], requires_grad=True)
    slopes = {
        name: abs(float(torch.autograd.grad(OBJECTIVES[name].generator(fake, fake).sum(), fake)[0]))
        for name in ("minimax", "non-saturating")
    }
    assert slopes["minimax"] < 1e-5
    assert slopes["non-saturating"] == pytest.approx(1, abs=1e-4)


def test_cross_entropy_is_torchs() -> None:
    ours = OBJECTIVES["non-saturating"].discriminator(LOGITS, LOGITS.flip(0))
    ones, zeros = torch.ones(7), torch.zeros(7)
    theirs = F.binary_cross_entropy_with_logits(LOGITS, ones, reduction="none")
    theirs = theirs + F.binary_cross_entropy_with_logits(LOGITS.flip(0), zeros, reduction="none")
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_two_networks_pull_apart(name: str) -> None:
    """Each step down its own loss: the discriminator's lowers fakes and raises reals, the generator's raises fakes."""
    real, fake = (torch.zeros(4, requires_grad=True) for _ in range(2))
    of_real, of_fake = torch.autograd.grad(OBJECTIVES[name].discriminator(real, fake).sum(), (real, fake))
    assert (of_real < 0).all()
    assert (of_fake >= 0).all()
    (of_fake,) = torch.autograd.grad(OBJECTIVES[name].generator(real.detach(), fake).sum(), fake)
    assert (of_fake < 0).all()


class Linear(Discriminator):
    """A discriminator whose gradient is its weights."""

    sees = ("images",)

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.arange(12.0) / 10)

    def forward(self, images: Tensor, condition: Condition = NOTHING) -> Tensor:
        return images.flatten(1) @ self.weight


class Constant(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.zeros(()))

    def forward(self, latents: Tensor, condition: Condition = NOTHING) -> Tensor:
        return self.level.expand(len(latents), 3, 2, 2)


def linear_gan() -> tuple[Model, Batch]:
    networks = {"decoder": Constant(), "discriminator": Linear()}
    model = Model(networks, prior="normal", image_shape=(3, 2, 2), latent_shape=(2,))
    return model, batch_of(torch.rand(5, 3, 2, 2))


def test_gradient_penalties_are_their_closed_forms() -> None:
    model, batch = linear_gan()
    square = float((torch.arange(12.0) / 10).square().sum())
    discriminator = GAN(r1=3.0, r2=5.0, gradient_penalty=10.0).phases()[0]
    with training_only(model, discriminator.trains):
        terms = discriminator.loss(model, batch, 0)
        terms["r1"].sum().backward()
    assert terms["r1"].tolist() == pytest.approx([1.5 * square] * 5)
    assert terms["r2"].tolist() == pytest.approx([2.5 * square] * 5)
    assert terms["gradient_penalty"].tolist() == pytest.approx([10 * (math.sqrt(square) - 1) ** 2] * 5, rel=1e-5)
    weight = model.network("discriminator").weight
    torch.testing.assert_close(weight.grad, 5 * 3.0 * weight.detach())
    rarer = GAN(r1=3.0, penalty_interval=4).phases()[0]
    assert rarer.loss(model, batch, 1)["r1"].tolist() == [0.0] * 5
    assert rarer.loss(model, batch, 8)["r1"].tolist() == pytest.approx([4 * 1.5 * square] * 5)
    held_out = replace(batch, training=False)
    with torch.no_grad():  # as when test images are evaluated: what it costs on average
        of_steps = [float(rarer.loss(model, held_out, step)["r1"][0]) for step in (7, 8)]
        assert of_steps == pytest.approx([1.5 * square] * 2)
        assert input_gradient(model, batch.images).shape == (5, 12)


def test_the_generator_trains_at_every_nth_step() -> None:
    _, generator = GAN(discriminator_steps=3).phases()
    assert [step for step in range(7) if generator.when.active(step)] == [0, 3, 6]


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_latents_follow_their_prior(prior: str) -> None:
    recipe = small("gan-cifar10-lecture")
    model = build_model(replace(recipe, family=replace(recipe.family, prior=prior)), DIGITS)
    seen = []
    model.network("decoder").register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    model.eval().sample(torch.randn(4000, *model.latent_shape))
    latents = seen[0]
    assert (latents.abs().max() <= 1) == (prior == "uniform")
    assert float(latents.std()) == pytest.approx(1 if prior == "normal" else math.sqrt(1 / 3), rel=0.02)


def test_a_spectral_discriminator_has_no_weight_above_one() -> None:
    recipe = small("gan-cifar10-lecture")
    nets = replace(recipe.nets, spectral_norm=True, norm="none")
    model = build_model(replace(recipe, nets=nets), DIGITS)
    for _ in range(60):  # the power iteration goes on with each batch
        model.discriminator_logits(torch.rand(4, 1, 8, 8))
    discriminator = model.network("discriminator")
    assert isinstance(discriminator, Discriminator)
    weights = [m.weight for m in discriminator.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    assert weights
    for weight in weights:
        assert float(torch.linalg.matrix_norm(weight.detach().flatten(1), 2)) == pytest.approx(1, abs=0.02)


# Conditioned on the class


def test_a_projection_discriminator_weighs_image_and_class_together() -> None:
    """A logit that were a sum of one part for the image and one for the class could not tell whether they match."""
    model = build_model(small("cgan-mnist"), replace(DIGITS, class_names=tuple("0123456789")))
    images, labels = torch.rand(2, 1, 8, 8), torch.tensor([3, 7])
    model.eval()
    straight, crossed = (model.discriminator_logits(images, Condition(one)) for one in (labels, labels.flip(0)))
    assert abs(float(straight.detach().sum() - crossed.detach().sum())) > 1e-4
    discriminator = model.network("discriminator")
    *_, features, logits = discriminator.body.features(images)
    vectors = discriminator.classes.weight[labels]
    torch.testing.assert_close(straight, logits[:, 0] + (vectors * features).sum(1))


# With an encoder


def identity_pair() -> tuple[Model, Batch]:
    """A model whose encoder gives the images themselves, and a discriminator that looks only at latents."""
    networks = {"encoder": Flat(), "decoder": Unflat(), "discriminator": OfLatents()}
    model = Model(networks, prior="uniform", image_shape=(1, 2, 2), latent_shape=(4,))
    return model, batch_of(torch.rand(64, 1, 2, 2))


class Flat(Encoder):
    def features(self, images: Tensor, condition: Condition = NOTHING) -> list[Tensor]:
        return [images.flatten(1)]


class Unflat(nn.Module):
    def forward(self, latents: Tensor, condition: Condition = NOTHING) -> Tensor:
        return latents.view(-1, 1, 2, 2)


class OfLatents(Discriminator):
    sees = ("images", "latents")

    def forward(self, images: Tensor, latents: Tensor, condition: Condition = NOTHING) -> Tensor:
        return latents.sum(1) + 0 * images.flatten(1).sum(1)


def test_both_bidirectional_losses_are_of_the_same_pairs() -> None:
    model, batch = identity_pair()
    discriminator, both = BiGAN(prior="uniform").phases()
    lost = discriminator.loss(model, batch_of(batch.images), 0)
    gained = both.loss(model, batch_of(batch.images), 0)["loss"]
    latents = batch.images.flatten(1).sum(1)
    drawn = torch.erf(draws(64).normal(4) / math.sqrt(2)).sum(1)
    torch.testing.assert_close(lost["loss"], F.softplus(-latents) + F.softplus(drawn))
    torch.testing.assert_close(gained, F.softplus(latents) + F.softplus(-drawn))
    assert lost["real_accuracy"].tolist() == (latents > 0).float().tolist()


def test_an_adversarial_autoencoders_latents_come_to_follow_its_prior() -> None:
    """Latents of a plain autoencoder lie anywhere; with a discriminator their distribution is the prior."""
    data = trompe.load_data("digits")
    recipe = small("aae-mnist", steps=600, learning_rate=2e-3)
    recipe = replace(recipe, nets=replace(recipe.nets, latent=2), family=AAE(prior="uniform"))
    with tempfile.TemporaryDirectory() as folder:
        latents = trompe.train(recipe, folder, data=data).encode(data)
    assert float((latents.abs() < 1.1).all(1).float().mean()) > 0.9
    torch.testing.assert_close(latents.std(0), torch.full((2,), math.sqrt(1 / 3)), rtol=0, atol=0.12)


def test_a_vae_gan_compares_features_and_not_gray_levels() -> None:
    model = build_model(small("vae-gan"), DIGITS)
    batch = batch_of(torch.rand(4, 1, 8, 8))
    features = model.network("discriminator").features
    with torch.no_grad():
        expected = 0.5 * (features(batch.images) - features(1 - batch.images)).square().sum(1)
        torch.testing.assert_close(feature_distance(model, batch.images, 1 - batch.images), expected)
    _, encoder, decoder = VAEGAN(beta=0.0).phases()
    assert not encoder.loss(model, batch, 0)["kl"].any()
    assert set(decoder.loss(model, batch, 0)) == {"features", "adversarial"}


# Who learns, and from what

TRAINED = {
    "gan": {"discriminator": ("discriminator",), "generator": ("decoder",)},
    "bigan": {"discriminator": ("discriminator",), "encoder_generator": ("encoder", "decoder")},
    "vae-gan": {"discriminator": ("discriminator",), "encoder": ("encoder",), "decoder": ("decoder",)},
    "aae": {"autoencoder": ("encoder", "decoder"), "discriminator": ("discriminator",), "encoder": ("encoder",)},
}


@pytest.mark.parametrize("family", [GAN(), BiGAN(), VAEGAN(), AAE()], ids=lambda one: one.kind)
def test_each_phase_changes_only_its_own_networks(family: Family) -> None:
    assert {phase.name: phase.trains for phase in family.phases()} == TRAINED[family.kind]


def test_both_networks_are_trained_on_augmented_images(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real and generated ones: a change that only the one kind had would be what tells them apart."""
    seen: list[str] = []

    def marked(images: Tensor, kinds: Sequence[str], noise: Noise) -> Tensor:
        assert kinds == ("cutout",)
        seen.append("generated" if images.shape[1:] == (3, 2, 2) and bool((images == 0.5).all()) else "real")
        return images

    monkeypatch.setattr(transforms, "augmented", marked)
    model, batch = linear_gan()
    for objective, expected in (
        ("hinge", ["real", "generated", "generated"]),
        ("relativistic", ["real", "generated", "generated", "real"]),
    ):
        seen.clear()
        for phase in GAN(objective=objective, augment=("cutout",)).phases():  # type: ignore[arg-type]
            phase.loss(model, batch, 0)
        assert sorted(seen) == sorted(expected)


def test_a_vae_gans_networks_pull_apart() -> None:
    """The discriminator has real images for real and two kinds of fakes; the decoder gains where it is mistaken."""
    model = build_model(small("vae-gan"), DIGITS).eval()
    images = torch.rand(4, 1, 8, 8)
    discriminator, _, decoder = VAEGAN(adversarial=3.0).phases()
    with torch.no_grad():
        sampled, back = (model.discriminator_logits(one) for one in fakes(model, batch_of(images)))
        lost = discriminator.loss(model, batch_of(images), 0)["loss"]
        gained = decoder.loss(model, batch_of(images), 0)["adversarial"]
        real = model.discriminator_logits(images)
    torch.testing.assert_close(lost, F.softplus(-real) + F.softplus(sampled) + F.softplus(back))
    torch.testing.assert_close(gained, 3 * (F.softplus(-sampled) + F.softplus(-back)))


def test_the_penalty_of_pairs_is_its_closed_form() -> None:
    """In the latent as in the image: a discriminator that sums four latent dimensions has a gradient of length two."""
    model, batch = identity_pair()
    terms = BiGAN(prior="uniform", r1=0.5).phases()[0].loss(model, batch, 0)
    assert terms["r1"].tolist() == pytest.approx([0.5 * 0.5 * 4] * 64)


def test_the_generators_gradient_is_logged_however_rarely_it_trains(tmp_path: Path) -> None:
    recipe = small("gan-mnist", steps=40, log_every=10)
    family = replace(recipe.family, discriminator_steps=5)  # type: ignore[call-arg]
    run = trompe.train(replace(recipe, family=family), tmp_path / "run")
    assert sum("generator/gradient_norm" in line for line in run.log) == 4


def test_a_spectral_discriminator_may_have_blocks_that_start_at_zero(tmp_path: Path) -> None:
    recipe = small("cgan", steps=4)
    nets = replace(recipe.nets, blocks=1, spectral_norm=True, init_std=0.0)  # type: ignore[call-arg]
    run = trompe.train(replace(recipe, nets=nets), tmp_path / "run")
    assert run.finished


def test_a_logit_is_not_squashed() -> None:
    recipe = small("gan-2d")
    nets = replace(recipe.nets, linear_latent=False, activation="relu")  # type: ignore[call-arg]
    model = build_model(replace(recipe, nets=nets), Format((1, 2), "points"))
    assert float(model.discriminator_logits(torch.rand(200, 1, 2)).detach().min()) < 0


def test_averaged_weights_have_averaged_statistics() -> None:
    recipe = small("gan-mnist", ema=0.5)
    model = build_model(recipe, DIGITS)
    average = copy.deepcopy(model)
    for _ in range(3):
        model.sample(torch.randn(16, *model.latent_shape))
    update_average(average, model, 0.75)
    for (name, mean), buffer in zip(average.named_buffers(), model.buffers(), strict=True):
        start = 1.0 if name.endswith("running_var") else 0.0
        if name.endswith(("running_mean", "running_var")):
            torch.testing.assert_close(mean, 0.75 * start + 0.25 * buffer)
        else:
            torch.testing.assert_close(mean, buffer)


def test_a_generator_without_a_sigmoid_is_not_clamped_while_it_learns() -> None:
    model, batch = linear_gan()
    model.likelihood = LIKELIHOODS["linear"]
    with torch.no_grad():
        model.network("decoder").level.fill_(-2.0)
    assert float(generated(model, batch).detach().max()) == -2
    assert float(model.sample(torch.randn(5, 2)).detach().min()) == 0


@pytest.mark.parametrize(
    ("family", "nets", "message"),
    [
        (VAEGAN(), MLPOptions(widths=()), "has no features to compare images in"),
        (GAN(), MLPOptions(widths=(), conditional=True), "has no features to condition on a class"),
    ],
)
def test_a_discriminator_that_compares_features_has_some(family: Family, nets: MLPOptions, message: str) -> None:
    with pytest.raises(trompe.TrompeError, match=message):
        checked(replace(small("gan-mnist"), family=family, nets=nets))


@pytest.mark.parametrize("name", ["vae-gan", "bigan-mnist"])
def test_what_bounds_no_likelihood_is_not_measured_by_one(name: str, tmp_path: Path) -> None:
    recipe = small(name, steps=2)
    if name == "bigan-mnist":
        recipe = replace(recipe, family=BiGAN(posterior="gaussian"))
    run = trompe.train(recipe, tmp_path / "run")
    found = measures.evaluate(run, run.data().take(slice(0, 100)))
    assert "bound no likelihood" in found.skipped["likelihood"]
    assert "elbo" not in found.values
    assert "squared_error" in found.values


def test_without_a_threshold_the_discriminators_accuracy_is_by_its_mean_logit() -> None:
    """Where only differences of logits count, a common shift of them changes no classification."""
    real, fake = torch.tensor([3.0, 5.0]), torch.tensor([1.0, 2.0])
    batch = batch_of(torch.zeros(2, 1, 1, 1))
    for shift in (0.0, 100.0):
        found = accuracy(batch, (real + shift, fake + shift), None)
        assert found["real_accuracy"].tolist() == [1, 1]
        assert found["fake_accuracy"].tolist() == [1, 1]
    assert accuracy(batch, (real, fake))["fake_accuracy"].tolist() == [0, 0]


# What the discriminator sees


@pytest.mark.parametrize("kind", AUGMENTATIONS)
@pytest.mark.parametrize("shape", [(3, 16, 12), (1, 6, 8, 7)])
def test_augmentation_moves_images_and_lets_gradients_through(kind: str, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    images = torch.rand(6, *shape, requires_grad=True)
    changed = augmented(images, [kind], draws(6))  # type: ignore[list-item]
    assert changed.shape == images.shape
    assert not torch.equal(changed, images)
    (slope,) = torch.autograd.grad(changed.sum(), images)
    assert torch.isfinite(slope).all()
    assert (slope != 0).any()
    torch.testing.assert_close(augmented(images.detach(), [kind], draws(6)), changed.detach())  # type: ignore[list-item]


def test_translated_images_are_the_images_translated() -> None:
    torch.manual_seed(1)
    image = torch.rand(1, 2, 16, 16)
    translated = AUGMENTATIONS["translation"](image.expand(50, -1, -1, -1), draws(50))
    padded = F.pad(image[0], (2, 2, 2, 2), value=0.5)
    corners = [(top, left) for top in range(5) for left in range(5)]
    crops = torch.stack([padded[:, top : top + 16, left : left + 16] for top, left in corners])
    found = [int((crops - one).flatten(1).abs().sum(1).argmin()) for one in translated]
    assert all(torch.equal(crops[place], one) for place, one in zip(found, translated, strict=True))
    assert len(set(found)) > 10


def test_a_cut_out_box_is_gray_and_the_rest_is_as_it_was() -> None:
    torch.manual_seed(0)
    images = torch.rand(40, 1, 16, 16) + 0.1
    cut = AUGMENTATIONS["cutout"](images, draws(40))
    gone = cut == 0.5
    torch.testing.assert_close(cut[~gone], images[~gone])
    assert 16 <= int(gone[0].sum()) <= 64
    assert int(gone.flatten(1).sum(1).max()) == 64


# A whole run


def test_a_gan_learns_the_mean_and_spread_of_digits(tmp_path: Path) -> None:
    """Enough of them to see that both networks learn: fakes start gray and end with the digits' dark and bright."""
    recipe = small("gan-cifar10-lecture", steps=250, learning_rate=1e-3, beta1=0.5, ema=0.9)
    recipe = replace(recipe, nets=replace(recipe.nets, widths=(16, 32), latent=10))
    run = trompe.train(recipe, tmp_path / "run")
    data = trompe.load_data("digits").images_as_floats()
    made = run.sample(200)
    assert float(made.mean()) == pytest.approx(float(data.mean()), abs=0.1)
    assert float((made.mean(0) - data.mean(0)).abs().mean()) < 0.15
    assert float(made.std(0).mean()) > 0.1  # not one image
    assert run.predictor.discriminator_logits(made).shape == (200,)
    with pytest.raises(trompe.TrompeError, match="has no encoder"):
        run.encode(data)


def test_each_objective_trains_and_resumes(tmp_path: Path) -> None:
    recipe = small("gan-cifar10-lecture", steps=6)
    for name in OBJECTIVES:
        family = GAN(objective=name, gradient_penalty=10.0 if name == "wasserstein" else 0.0, r1=1.0, r2=1.0,
                     augment=("color", "translation", "cutout"), discriminator_steps=2)  # fmt: skip
        options = replace(recipe, family=family, nets=replace(recipe.nets, norm="none", spectral_norm=name == "hinge"))
        whole = trompe.train(options, tmp_path / f"{name}-whole")
        trompe.train(replace(options, train=replace(options.train, steps=3)), tmp_path / f"{name}-parts")
        assert trompe.train(options, tmp_path / f"{name}-parts").digest == whole.digest
