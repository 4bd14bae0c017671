"""Adversarial families: what each player pays, what it may change, and what the discriminator sees."""

from __future__ import annotations

import copy
import math
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

import trompe
from conftest import small
from trompe import measures
from trompe.build import build_model
from trompe.data.augmentation import KINDS, augmented
from trompe.data.batches import Batch
from trompe.data.synthetic import REACH, points_of
from trompe.distributions import LIKELIHOODS
from trompe.families import bigan, gan, phases_of, vae_gan
from trompe.families.gan import GAMES, generated, gradient, phases, watched
from trompe.figures.adversarial import climb
from trompe.figures.latents import swept
from trompe.figures.plane import standing
from trompe.model import Model
from trompe.nets import Discriminator, Encoder
from trompe.options import AAEOptions, BiGANOptions, FamilyOptions, GANOptions, MLPOptions, VAEGANOptions
from trompe.phases import training_only
from trompe.report import write_report
from trompe.rules import checked
from trompe.step import update_average

LOGITS = torch.linspace(-3, 3, 7)


def test_the_minimax_generator_is_paid_what_the_discriminator_loses() -> None:
    """Up to the part of it that no generator changes."""
    fake = LOGITS.clone().requires_grad_()
    game = GAMES["minimax"]
    (paid,) = torch.autograd.grad(game.generator(LOGITS, fake).sum(), fake)
    (lost,) = torch.autograd.grad(game.discriminator(LOGITS, fake).sum(), fake)
    torch.testing.assert_close(paid, -lost)


def test_a_confident_discriminator_leaves_the_minimax_generator_without_gradient() -> None:
    """The reason for the non-saturating objective (Goodfellow et al. 2014, section 3)."""
    fake = torch.tensor([-12.0], requires_grad=True)
    slopes = {
        name: abs(float(torch.autograd.grad(GAMES[name].generator(fake, fake).sum(), fake)[0]))
        for name in ("minimax", "non-saturating")
    }
    assert slopes["minimax"] < 1e-5
    assert slopes["non-saturating"] == pytest.approx(1, abs=1e-4)


def test_cross_entropy_is_torchs() -> None:
    ours = GAMES["non-saturating"].discriminator(LOGITS, LOGITS.flip(0))
    ones, zeros = torch.ones(7), torch.zeros(7)
    theirs = F.binary_cross_entropy_with_logits(LOGITS, ones, reduction="none")
    theirs = theirs + F.binary_cross_entropy_with_logits(LOGITS.flip(0), zeros, reduction="none")
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("name", GAMES)
def test_the_players_pull_apart(name: str) -> None:
    """Each step down its own cost: the discriminator's lowers fakes and raises reals, the generator's raises fakes."""
    real, fake = (torch.zeros(4, requires_grad=True) for _ in range(2))
    of_real, of_fake = torch.autograd.grad(GAMES[name].discriminator(real, fake).sum(), (real, fake))
    assert (of_real < 0).all()
    assert (of_fake >= 0).all()
    (of_fake,) = torch.autograd.grad(GAMES[name].generator(real.detach(), fake).sum(), fake)
    assert (of_fake < 0).all()


class Linear(Discriminator):
    """A discriminator whose gradient is its weights."""

    sees_codes = False

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.arange(12.0) / 10)

    def forward(self, images: Tensor, labels: Tensor | None = None, codes: Tensor | None = None) -> Tensor:
        return images.flatten(1) @ self.weight


class Constant(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.level = nn.Parameter(torch.zeros(()))

    def forward(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.level.expand(len(codes), 3, 2, 2)


def linear_game() -> tuple[Model, Batch]:
    model = Model(decoder=Constant(), discriminator=Linear(), prior="normal", image_shape=(3, 2, 2), latent=2)
    return model, Batch(torch.rand(5, 3, 2, 2))


def test_gradient_penalties_are_their_closed_forms() -> None:
    model, batch = linear_game()
    square = float((torch.arange(12.0) / 10).square().sum())
    discriminator = phases(GANOptions(r1=3.0, r2=5.0, gradient_penalty=10.0))[0]
    with training_only(model, discriminator.trains):
        terms = discriminator.loss(model, batch, 0)
        terms["r1"].sum().backward()
    assert terms["r1"].tolist() == pytest.approx([1.5 * square] * 5)
    assert terms["r2"].tolist() == pytest.approx([2.5 * square] * 5)
    assert terms["gradient_penalty"].tolist() == pytest.approx([10 * (math.sqrt(square) - 1) ** 2] * 5, rel=1e-5)
    torch.testing.assert_close(model.discriminator.weight.grad, 5 * 3.0 * model.discriminator.weight.detach())  # type: ignore[union-attr]
    rarer = phases(GANOptions(r1=3.0, penalty_every=4))[0]
    assert rarer.loss(model, batch, 1)["r1"].tolist() == [0.0] * 5
    assert rarer.loss(model, batch, 8)["r1"].tolist() == pytest.approx([4 * 1.5 * square] * 5)
    with torch.no_grad():  # as when test pictures are evaluated: what it costs on average
        assert [float(rarer.loss(model, batch, step)["r1"][0]) for step in (7, 8)] == pytest.approx([1.5 * square] * 2)
        assert gradient(model, batch.images, None).shape == (5, 12)


def test_the_generator_trains_every_so_many_steps(tmp_path: Path) -> None:
    _, generator = phases(GANOptions(discriminator_steps=3))
    assert [step for step in range(7) if generator.when.active(step)] == [0, 3, 6]


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_codes_follow_their_prior(prior: str) -> None:
    recipe = small("gan-cifar10-lecture")
    model = build_model(replace(recipe, family=replace(recipe.family, prior=prior)), (1, 8, 8))
    seen = []
    model.decoder.register_forward_pre_hook(lambda _, given: seen.append(given[0]))  # type: ignore[union-attr]
    model.eval().sample(torch.randn(4000, model.latent))
    codes = seen[0]
    assert (codes.abs().max() <= 1) == (prior == "uniform")
    assert float(codes.std()) == pytest.approx(1 if prior == "normal" else math.sqrt(1 / 3), rel=0.02)


def test_a_spectral_discriminator_has_no_weight_above_one() -> None:
    recipe = small("gan-cifar10-lecture")
    nets = replace(recipe.nets, spectral=True, norm="none")
    model = build_model(replace(recipe, nets=nets), (1, 8, 8))
    for _ in range(60):  # the power iteration goes on with each batch
        model.score(torch.rand(4, 1, 8, 8))
    assert isinstance(model.discriminator, Discriminator)
    weights = [m.weight for m in model.discriminator.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
    assert weights
    for weight in weights:
        assert float(torch.linalg.matrix_norm(weight.detach().flatten(1), 2)) == pytest.approx(1, abs=0.02)


# Told the class


def test_a_projection_discriminator_weighs_picture_and_class_together() -> None:
    """A logit that were a sum of one part for the picture and one for the class could not tell whether they match."""
    model = build_model(small("cgan-mnist"), (1, 8, 8), 10)
    images, labels = torch.rand(2, 1, 8, 8), torch.tensor([3, 7])
    model.eval()
    straight, crossed = model.score(images, labels), model.score(images, labels.flip(0))
    assert abs(float(straight.detach().sum() - crossed.detach().sum())) > 1e-4
    body = model.discriminator.body  # type: ignore[union-attr]
    *_, features, logits = body.features(images)
    vectors = model.discriminator.classes.weight[labels]  # type: ignore[union-attr]
    torch.testing.assert_close(straight, logits[:, 0] + (vectors * features).sum(1))


# With an encoder


def identity_pair() -> tuple[Model, Batch]:
    """A model whose encoder gives the pictures themselves, and a discriminator that sees only codes."""
    model = Model(
        encoder=Flat(), decoder=Unflat(), discriminator=Ofcodes(), prior="uniform", image_shape=(1, 2, 2), latent=4
    )
    return model, Batch(torch.rand(64, 1, 2, 2))


class Flat(Encoder):
    def features(self, images: Tensor, labels: Tensor | None = None) -> list[Tensor]:
        return [images.flatten(1)]


class Unflat(nn.Module):
    def forward(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        return codes.view(-1, 1, 2, 2)


class Ofcodes(Discriminator):
    def forward(self, images: Tensor, labels: Tensor | None = None, codes: Tensor | None = None) -> Tensor:
        assert codes is not None
        return codes.sum(1) + 0 * images.flatten(1).sum(1)


def test_the_bidirectional_players_are_paid_for_the_same_pairs() -> None:
    model, batch = identity_pair()
    discriminator, both = bigan.phases(BiGANOptions(prior="uniform"))
    torch.manual_seed(0)
    lost = discriminator.loss(model, batch, 0)
    torch.manual_seed(0)
    paid = both.loss(model, batch, 0)["loss"]
    codes = batch.images.flatten(1).sum(1)
    torch.manual_seed(0)
    drawn = torch.erf(torch.randn(64, 4) / math.sqrt(2)).sum(1)
    torch.testing.assert_close(lost["loss"], F.softplus(-codes) + F.softplus(drawn))
    torch.testing.assert_close(paid, F.softplus(codes) + F.softplus(-drawn))
    assert lost["real_right"].tolist() == (codes > 0).float().tolist()


def test_an_adversarial_autoencoders_codes_come_to_follow_its_prior() -> None:
    """Codes of a plain autoencoder lie anywhere; with the second game their law is the prior's."""
    data = trompe.load_data("digits")
    recipe = small("aae-mnist", steps=600, learning_rate=2e-3)
    recipe = replace(recipe, nets=replace(recipe.nets, latent=2), family=AAEOptions(prior="uniform"))
    with tempfile.TemporaryDirectory() as folder:
        codes = trompe.train(recipe, folder, data=data).encode(data)
    assert float((codes.abs() < 1.1).all(1).float().mean()) > 0.9
    torch.testing.assert_close(codes.std(0), torch.full((2,), math.sqrt(1 / 3)), rtol=0, atol=0.12)


def test_a_vae_gan_compares_features_and_not_grey_levels() -> None:
    model = build_model(small("vae-gan"), (1, 8, 8))
    batch = Batch(torch.rand(4, 1, 8, 8))
    features = model.discriminator.features  # type: ignore[union-attr]
    with torch.no_grad():
        expected = 0.5 * (features(batch.images) - features(1 - batch.images)).square().sum(1)
        torch.testing.assert_close(vae_gan.apart(model, batch.images, 1 - batch.images), expected)
    _, encoder, decoder = vae_gan.phases(VAEGANOptions(beta=0.0))
    assert not encoder.loss(model, batch, 0)["kl"].any()
    assert set(decoder.loss(model, batch, 0)) == {"features", "adversarial"}


# Who learns, and from what

TRAINED = {
    "gan": {"discriminator": ("discriminator",), "generator": ("decoder",)},
    "bigan": {"discriminator": ("discriminator",), "encoder_generator": ("encoder", "decoder")},
    "vae-gan": {"discriminator": ("discriminator",), "encoder": ("encoder",), "decoder": ("decoder",)},
    "aae": {"autoencoder": ("encoder", "decoder"), "discriminator": ("discriminator",), "encoder": ("encoder",)},
}


@pytest.mark.parametrize(
    "options", [GANOptions(), BiGANOptions(), VAEGANOptions(), AAEOptions()], ids=lambda one: one.kind
)
def test_each_player_changes_only_itself(options: FamilyOptions) -> None:
    assert {phase.name: phase.trains for phase in phases_of(options)} == TRAINED[options.kind]


def test_both_players_see_augmented_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real and generated ones: a change that only the one kind had would be what tells them apart."""
    seen: list[str] = []

    def marked(images: Tensor, kinds: tuple[str, ...]) -> Tensor:
        seen.append("made" if images.shape[1:] == (3, 2, 2) and bool((images == 0.5).all()) else "real")
        return images

    monkeypatch.setattr(gan, "augmented", marked)
    model, batch = linear_game()
    for objective, expected in (
        ("hinge", ["real", "made", "made"]),
        ("relativistic", ["real", "made", "made", "real"]),
    ):
        seen.clear()
        for phase in phases(GANOptions(objective=objective, augment=("cutout",))):  # type: ignore[arg-type]
            phase.loss(model, batch, 0)
        assert sorted(seen) == sorted(expected)


def test_a_vae_gans_players_pull_apart() -> None:
    """The discriminator has real pictures for real and two kinds of fakes; the decoder is paid where it is mistaken."""
    model = build_model(small("vae-gan"), (1, 8, 8)).eval()
    batch = Batch(torch.rand(4, 1, 8, 8))
    discriminator, _, decoder = vae_gan.phases(VAEGANOptions(adversarial=3.0))
    with torch.no_grad():
        torch.manual_seed(0)
        sampled, back = (model.realness(one) for one in vae_gan.fakes(model, batch))
        torch.manual_seed(0)
        lost = discriminator.loss(model, batch, 0)["loss"]
        torch.manual_seed(0)
        paid = decoder.loss(model, batch, 0)["adversarial"]
        real = model.realness(batch.images)
    torch.testing.assert_close(lost, F.softplus(-real) + F.softplus(sampled) + F.softplus(back))
    torch.testing.assert_close(paid, 3 * (F.softplus(-sampled) + F.softplus(-back)))


def test_the_penalty_of_pairs_is_its_closed_form() -> None:
    """In the code as in the picture: the discriminator that adds up four code numbers has a gradient of length two."""
    model, batch = identity_pair()
    terms = bigan.phases(BiGANOptions(prior="uniform", r1=0.5))[0].loss(model, batch, 0)
    assert terms["r1"].tolist() == pytest.approx([0.5 * 0.5 * 4] * 64)


def test_the_generators_gradient_is_logged_however_rarely_it_plays(tmp_path: Path) -> None:
    recipe = small("gan-mnist", steps=40, log_every=10)
    family = replace(recipe.family, discriminator_steps=5)  # type: ignore[call-arg]
    run = trompe.train(replace(recipe, family=family), tmp_path / "run")
    assert sum("generator/gradient_norm" in line for line in run.log) == 4


def test_a_spectral_discriminator_may_have_blocks_that_start_at_zero(tmp_path: Path) -> None:
    recipe = small("cgan", steps=4)
    nets = replace(recipe.nets, blocks=1, spectral=True, initial=0.0)  # type: ignore[call-arg]
    run = trompe.train(replace(recipe, nets=nets), tmp_path / "run")
    assert run.finished


def test_a_logit_is_not_squashed() -> None:
    recipe = small("gan-2d")
    model = build_model(replace(recipe, nets=replace(recipe.nets, linear_code=False, activation="relu")), (1, 1, 2))
    assert float(model.score(torch.rand(200, 1, 1, 2)).detach().min()) < 0


def test_averaged_weights_have_averaged_statistics() -> None:
    recipe = small("gan-mnist", ema=0.5)
    model = build_model(recipe, (1, 8, 8))
    average = copy.deepcopy(model)
    for _ in range(3):
        model.sample(torch.randn(16, model.latent))
    update_average(average, model, 0.75)
    for (name, mean), buffer in zip(average.named_buffers(), model.buffers(), strict=True):
        start = 1.0 if name.endswith("running_var") else 0.0
        if name.endswith(("running_mean", "running_var")):
            torch.testing.assert_close(mean, 0.75 * start + 0.25 * buffer)
        else:
            torch.testing.assert_close(mean, buffer)


def test_a_generator_without_a_sigmoid_is_not_cut_off_while_it_learns() -> None:
    model, batch = linear_game()
    model.likelihood = LIKELIHOODS["linear"]
    with torch.no_grad():
        model.decoder.level.fill_(-2.0)  # type: ignore[union-attr, operator]
    assert float(generated(model, batch).detach().max()) == -2
    assert float(model.sample(torch.randn(5, 2)).detach().min()) == 0


@pytest.mark.parametrize(
    ("family", "nets"),
    [(VAEGANOptions(), MLPOptions(widths=())), (GANOptions(), MLPOptions(widths=(), conditional=True))],
)
def test_a_discriminator_that_compares_features_has_some(family: FamilyOptions, nets: MLPOptions) -> None:
    with pytest.raises(trompe.TrompeError, match="has no features to compare"):
        checked(replace(small("gan-mnist"), family=family, nets=nets))


@pytest.mark.parametrize("name", ["vae-gan", "bigan-mnist"])
def test_what_bounds_no_likelihood_is_not_measured_by_one(name: str, tmp_path: Path) -> None:
    recipe = small(name, steps=2)
    if name == "bigan-mnist":
        recipe = replace(recipe, family=BiGANOptions(posterior="gaussian"))
    run = trompe.train(recipe, tmp_path / "run")
    found = measures.evaluate(run, run.data().take(slice(0, 100)))
    assert "bound no likelihood" in found["skipped"]["likelihood"]
    assert "elbo" not in found["figures"]
    assert "squared_error" in found["figures"]


# What the discriminator sees


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(3, 16, 12), (1, 6, 8, 7)])
def test_augmentation_moves_pictures_and_lets_gradients_through(kind: str, shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    images = torch.rand(6, *shape, requires_grad=True)
    changed = augmented(images, [kind])
    assert changed.shape == images.shape
    assert not torch.equal(changed, images)
    (slope,) = torch.autograd.grad(changed.sum(), images)
    assert torch.isfinite(slope).all()
    assert (slope != 0).any()
    torch.manual_seed(0)
    torch.testing.assert_close(augmented(torch.rand(6, *shape), [kind]), changed.detach())


def test_shifted_pictures_are_the_pictures_shifted() -> None:
    torch.manual_seed(1)
    image = torch.rand(1, 2, 16, 16)
    shifted = KINDS["shift"](image.expand(50, -1, -1, -1))
    padded = F.pad(image[0], (2, 2, 2, 2), value=0.5)
    corners = [(top, left) for top in range(5) for left in range(5)]
    crops = torch.stack([padded[:, top : top + 16, left : left + 16] for top, left in corners])
    found = [int((crops - one).flatten(1).abs().sum(1).argmin()) for one in shifted]
    assert all(torch.equal(crops[place], one) for place, one in zip(found, shifted, strict=True))
    assert len(set(found)) > 10


def test_a_cut_out_box_is_grey_and_the_rest_is_as_it_was() -> None:
    torch.manual_seed(0)
    images = torch.rand(40, 1, 16, 16) + 0.1
    cut = KINDS["cutout"](images)
    gone = cut == 0.5
    torch.testing.assert_close(cut[~gone], images[~gone])
    assert 16 <= int(gone[0].sum()) <= 64
    assert int(gone.flatten(1).sum(1).max()) == 64


# A whole run


def test_a_gan_learns_the_mean_and_spread_of_digits(tmp_path: Path) -> None:
    """Enough of them to see that both players move: fakes start grey and end with the digits' dark and bright."""
    recipe = small("gan-cifar10-lecture", steps=250, learning_rate=1e-3, beta1=0.5, ema=0.9)
    recipe = replace(recipe, nets=replace(recipe.nets, widths=(16, 32), latent=10))
    run = trompe.train(recipe, tmp_path / "run")
    data = trompe.load_data("digits").images_as_floats()
    made = run.sample(200)
    assert float(made.mean()) == pytest.approx(float(data.mean()), abs=0.1)
    assert float((made.mean(0) - data.mean(0)).abs().mean()) < 0.15
    assert float(made.std(0).mean()) > 0.1  # not one picture
    assert run.score(made).shape == (200,)
    with pytest.raises(trompe.TrompeError, match="has no encoder"):
        run.encode(data)


def test_the_spy_is_the_discriminators_gradient(tmp_path: Path, run_command, vae_run) -> None:  # type: ignore[no-untyped-def]
    """Against differences; and its figures are drawn."""
    from trompe.figures.adversarial import spied

    run = trompe.train(small("gan-cifar10-lecture", steps=30, snapshots=(10, 30)), tmp_path / "run")
    images = trompe.load_data("digits:test").take(slice(0, 3)).images_as_floats()
    slope = run.apply(spied, images)
    moved = images.clone()
    moved[:, 0, 3, 4] = (moved[:, 0, 3, 4] + 1e-3 * torch.where(moved[:, 0, 3, 4] > 0.5, -1, 1)).clamp(0, 1)
    change = moved[:, 0, 3, 4] - images[:, 0, 3, 4]
    torch.testing.assert_close(run.score(moved) - run.score(images), slope[:, 0, 3, 4] * change, rtol=0.05, atol=2e-5)
    for name in ("progress", "spy", "climb", "samples", "film", "curves"):
        assert run_command("figure", name, run.folder)[0].strip().endswith((".png", ".gif"))
    assert "no discriminator to spy on" in run_command("figure", "spy", vae_run.folder, code=2)[1]
    assert "has no encoder" in run_command("figure", "latent-map", run.folder, code=2)[1]
    page = Path(run_command("report", run.folder)[0].strip()).read_text()
    assert "Reconstructions" not in page
    assert "<h2>Samples</h2>" in page
    out, _ = run_command(
        "evaluate", run.folder, "--measures", "fid,reconstruction", "--features", "pixels", "--samples", 90
    )
    assert "frechet distance" in out
    assert "skipped reconstruction: there is no encoder" in out


def test_each_objective_trains_and_resumes(tmp_path: Path) -> None:
    recipe = small("gan-cifar10-lecture", steps=6)
    for name in GAMES:
        family = GANOptions(objective=name, gradient_penalty=10.0 if name == "wasserstein" else 0.0, r1=1.0,
                            r2=1.0, augment=("colour", "shift", "cutout"), discriminator_steps=2)  # fmt: skip
        options = replace(recipe, family=family, nets=replace(recipe.nets, norm="none", spectral=name == "hinge"))
        whole = trompe.train(options, tmp_path / f"{name}-whole")
        trompe.train(replace(options, train=replace(options.train, steps=3)), tmp_path / f"{name}-parts")
        assert trompe.train(options, tmp_path / f"{name}-parts").digest == whole.digest


# The figures of the game


@pytest.fixture(scope="module")
def plane_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    recipe = small("gan-2d", steps=20, snapshots=(0, 10, 20))
    data = replace(recipe.data, source="spirals")
    return trompe.train(replace(recipe, data=data), tmp_path_factory.mktemp("plane"))


def test_the_field_of_a_game_in_the_plane(plane_run: trompe.Run, tmp_path: Path, run_command) -> None:  # type: ignore[no-untyped-def]
    out = tmp_path / "field.gif"
    run_command("figure", "field", plane_run.folder, "--out", out)
    with Image.open(out) as film:
        assert film.n_frames == 3  # type: ignore[attr-defined]
    run_command("figure", "field", plane_run.folder, "--out", tmp_path / "field.png")
    options = plane_run.record.recipe.family
    assert isinstance(options, GANOptions)
    moment = standing(plane_run, plane_run.data().take(slice(0, 50)), options)
    points, push = moment.points, moment.push
    corner = torch.tensor([[[[1.0, 0.0]]]])  # the rightmost, lowest point of the plane
    assert moment.logits[0, -1] == pytest.approx(float(plane_run.score(corner)), abs=1e-5)
    along = points[0] + 1e-3 * push[0] / np.linalg.norm(push[0])
    pictures = torch.from_numpy(np.stack([points[0], along])).float().view(2, 1, 1, 2) / (2 * REACH) + 0.5
    before, after = plane_run.score(pictures)
    assert after > before  # the generator is pushed to where the discriminator says real


def test_only_a_game_in_the_plane_has_a_field(vae_run: trompe.Run, run_command) -> None:  # type: ignore[no-untyped-def]
    _, error = run_command("figure", "field", vae_run.folder, code=2)
    assert "is no GAN of points of the plane" in error


@pytest.mark.parametrize("name", ["spy", "climb", "progress"])
def test_points_are_no_pictures(name: str, plane_run: trompe.Run, run_command) -> None:  # type: ignore[no-untyped-def]
    assert "trompe figure field" in run_command("figure", name, plane_run.folder, code=2)[1]


def test_spirals_are_two_arms_of_one_width() -> None:
    data = trompe.load_data("spirals:test")
    points = points_of(data.images)
    radius, angle = np.hypot(*points.T), np.arctan2(points[:, 1], points[:, 0])
    assert data.labels is not None
    away = angle - 2 * np.pi * radius - np.pi * data.labels
    away = np.abs((away + np.pi) % (2 * np.pi) - np.pi) * radius
    assert float(np.quantile(away, 0.95)) < 0.2
    assert radius.max() < 1.1


def test_the_spy_looks_at_a_picture_of_ones_own(tmp_path: Path, run_command) -> None:  # type: ignore[no-untyped-def]
    run = trompe.train(small("gan-mnist", steps=4, snapshots=(2, 4)), tmp_path / "run")
    picture = tmp_path / "mine.png"
    Image.fromarray(trompe.load_data("digits").images[3, 0]).save(picture)
    run_command("figure", "spy", run.folder, "--data", picture, "--out", tmp_path / "spy.png")
    run_command("figure", "climb", run.folder, "--data", picture, "--out", tmp_path / "climb.gif")
    with Image.open(tmp_path / "climb.gif") as film:
        assert film.n_frames > 30  # type: ignore[attr-defined]
        assert film.width == film.height  # one picture, not sixteen
    first, *_, last = climb(run, run.data(str(picture)))
    assert not np.array_equal(first, last)
    run_command("figure", "progress", run.folder, "--out", tmp_path / "progress.gif")
    with Image.open(tmp_path / "progress.gif") as film:
        assert film.n_frames == 2  # type: ignore[attr-defined]
    _, error = run_command("figure", "spy", run.folder, "--out", tmp_path / "spy.gif", code=2)
    assert "of no known kind" in error


def test_an_undecided_discriminator_is_judged_by_its_own_middle() -> None:
    """Where only differences of logits count, a common shift of them changes no verdict."""
    real, fake = torch.tensor([3.0, 5.0]), torch.tensor([1.0, 2.0])
    for shift in (0.0, 100.0):
        verdicts = watched(real + shift, fake + shift, None)
        assert verdicts["real_right"].tolist() == [1, 1]
        assert verdicts["fake_right"].tolist() == [1, 1]
    assert watched(real, fake)["fake_right"].tolist() == [0, 0]


def test_the_sweep_of_a_generator_holds_all_numbers_but_one(plane_run: trompe.Run) -> None:
    noise = torch.arange(4.0)
    codes = swept(noise, np.array([2, 0]), torch.zeros(4), torch.ones(4), 3).view(2, 3, 4)
    assert codes[0, :, 2].tolist() == [-3, 0, 3]
    assert codes[0, :, [0, 1, 3]].tolist() == [[0, 1, 3]] * 3
    assert codes[1, :, 0].tolist() == [-3, 0, 3]


def test_points_are_measured_by_their_modes_alone(tmp_path: Path) -> None:
    """No picture network is asked about two pixels."""
    run = trompe.train(small("gan-2d", steps=4), tmp_path / "run", data=trompe.load_data("ring"))
    found = measures.evaluate(run, trompe.load_data("ring:test"), samples=200)
    assert found["figures"]["modes"] == 8
    assert "frechet_distance" not in found["figures"]
    assert "points" in found["skipped"]["fid"]


def test_a_run_is_seen_at_its_snapshots_and_as_it_is(tmp_path: Path) -> None:
    run = trompe.train(small("gan-2d", steps=6, snapshots=(0, 4)), tmp_path / "run", data=trompe.load_data("ring"))
    assert [one.step for one in run.at_snapshots()] == [0, 4, 6]
    ended = trompe.train(small("gan-2d", steps=6, snapshots=(6,)), tmp_path / "other", data=trompe.load_data("ring"))
    assert [one.step for one in ended.at_snapshots()] == [6]


def test_only_a_game_is_drawn_as_one(vae_run: trompe.Run, run_command) -> None:  # type: ignore[no-untyped-def]
    _, error = run_command("figure", "game", vae_run.folder, code=2)
    assert "plays no game" in error


def test_a_report_of_a_generator_says_what_it_is(tmp_path: Path) -> None:
    recipe = small("cgan", steps=4)
    run = trompe.train(replace(recipe, family=replace(recipe.family, prior="uniform")), tmp_path / "run")  # type: ignore[call-arg]
    page = write_report(run).read_text()
    assert "makes a" in page
    assert "a uniform law" in page
    assert "1 2 --class 0" in page
    assert "not gone on for long enough" in page
