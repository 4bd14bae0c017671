"""Using a run from Python: verbs, figures, measures, report, and the public names."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

import trompe
from conftest import small
from trompe import figures, measures
from trompe.analysis.latents import Plane, swept
from trompe.figures import Request, draw
from trompe.figures.curves import loss_curves, rate_distortion
from trompe.figures.latents import kl, latent_map
from trompe.measures.latents import kl_per_dimension
from trompe.web.report import write_report


def test_the_public_names() -> None:
    assert sorted(trompe.__all__) == trompe.__all__
    for name in trompe.__all__:
        assert getattr(trompe, name) is not None
    for module in pkgutil.walk_packages(trompe.__path__, "trompe."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)  # which must not hide a function of its package
    functions = (trompe.train, trompe.recipe, trompe.load, measures.likelihood, measures.evaluate, figures.draw)
    assert all(callable(function) for function in functions)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = trompe.nonsense


def test_verbs_take_arrays_tensors_bytes_and_sets(vae_run: trompe.Run) -> None:
    data = trompe.load_data("digits:test")
    floats = data.images_as_floats()
    latents = [vae_run.encode(images) for images in (data, data.images, floats, floats.numpy())]
    for other in latents[1:]:
        torch.testing.assert_close(other, latents[0])
    torch.testing.assert_close(vae_run.decode(latents[0]), vae_run.reconstruct(data))
    assert vae_run.predictor.log_likelihood_estimate(data).shape == (359,)


def test_a_verb_does_not_depend_on_its_company(vae_run: trompe.Run) -> None:
    images = trompe.load_data("digits").images_as_floats()[:1200]
    torch.testing.assert_close(vae_run.encode(images)[1100:1101], vae_run.encode(images[1100:1101]))


def test_shapes_that_do_not_fit_are_refused(vae_run: trompe.Run, class_run: trompe.Run) -> None:
    with pytest.raises(trompe.TrompeError, match=r"images of shape \(2, 1, 9, 9\) for a model of \(1, 8, 8\)"):
        vae_run.encode(torch.rand(2, 1, 9, 9))
    with pytest.raises(trompe.TrompeError, match=r"latents of shape \(2, 3\) for a model whose latents have \(2,\)"):
        vae_run.decode(torch.rand(2, 3))
    with pytest.raises(trompe.TrompeError, match="needs labels"):
        class_run.encode(torch.rand(2, 1, 8, 8))
    with pytest.raises(trompe.TrompeError, match="from 0 to 9"):
        class_run.decode(torch.rand(2, class_run.model.latent_shape[0]), [3, 10])


def test_images_of_other_ranges_are_refused(vae_run: trompe.Run) -> None:
    images = trompe.load_data("digits").images[:3]
    for wrong in (images.astype(np.int64), images.astype(np.float32), images / 255 - 0.5):
        with pytest.raises(trompe.TrompeError, match=r"give float in \[0, 1\], or uint8"):
            vae_run.encode(wrong)


def test_every_class_can_be_asked_for(class_run: trompe.Run) -> None:
    assert class_run.sample(20).shape == (20, 1, 8, 8)
    one, other = (class_run.sample(4, labels=[label] * 4) for label in (0, 1))
    assert not torch.equal(one, other)


def test_a_later_set_is_brought_into_the_runs_form(vae_run: trompe.Run) -> None:
    data = vae_run.data("digits:train")
    assert data.image_shape == (1, 8, 8)
    assert len(data) == 1438


def test_the_measure_does_not_depend_on_the_batch_size(vae_run: trompe.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    from trompe.measures import bounds

    data = vae_run.data()
    whole = measures.likelihood(vae_run.predictor, data, importance_samples=7, limit=60)
    monkeypatch.setattr(bounds, "VALUES", 11 * 64)
    parts = measures.likelihood(vae_run.predictor, data, importance_samples=7, limit=60)
    assert parts.iwae_bound == pytest.approx(whole.iwae_bound, rel=1e-6)
    assert parts.elbo == pytest.approx(whole.elbo, rel=1e-6)
    other = measures.likelihood(vae_run.predictor, data, importance_samples=7, limit=60, seed=1)
    assert other.iwae_bound != whole.iwae_bound


def test_the_iwae_bound_is_the_exact_likelihood_of_a_plane(vae_run: trompe.Run) -> None:
    """Against quadrature over the two latent dimensions."""
    from trompe.data.batches import Batch
    from trompe.losses.elbo import log_likelihood

    data = vae_run.data().take(slice(0, 8))
    axis = torch.linspace(-6, 6, 401)
    latents = torch.cartesian_prod(axis, axis)
    batch = Batch(data.images_as_floats())
    with torch.inference_mode():
        fits = torch.cat(
            [log_likelihood(vae_run.model, batch, part[:, None].expand(-1, 8, -1)) for part in latents.split(4000)]
        )
    log_prior = -0.5 * latents.square().sum(1) - np.log(2 * np.pi)
    exact = torch.logsumexp(fits.double() + log_prior[:, None].double(), 0) + 2 * np.log(12 / 400)
    measured = measures.likelihood(vae_run.predictor, data, importance_samples=20_000)
    assert measured.iwae_bound == pytest.approx(float(exact.mean()), abs=0.02)


def test_measures_say_what_they_require(autoencoder_run: trompe.Run) -> None:
    with pytest.raises(trompe.TrompeError, match="no Gaussian posterior"):
        measures.likelihood(autoencoder_run.predictor, autoencoder_run.data())
    result = measures.evaluate(autoencoder_run, autoencoder_run.data())
    assert set(result.values) == {"squared_error", "copying", "psnr", "ssim"}
    assert result.skipped["likelihood"] == "the model has no Gaussian posterior"


def test_figures_are_matplotlibs(vae_run: trompe.Run, wide_run: trompe.Run) -> None:
    maps = [latent_map(Request((run,))) for run in (vae_run, wide_run)]
    for made in (*maps, loss_curves(Request((vae_run,))), kl(Request((vae_run,)))):
        assert isinstance(made, Figure)
    assert maps[0].axes[0].get_xlabel() == "z1"
    assert "first principal direction" in maps[1].axes[0].get_xlabel()


def test_a_figure_is_drawn_of_samples_or_of_their_name(vae_run: trompe.Run) -> None:
    named, given = (draw("reconstruction-grid", [vae_run], source) for source in ("digits:train", vae_run.data()))
    assert given == draw("reconstruction-grid", [vae_run])
    assert given != named


def test_runs_stand_in_the_rate_distortion_plane(vae_run: trompe.Run, wide_run: trompe.Run) -> None:
    axes = rate_distortion(Request((vae_run, vae_run))).axes[0]
    measured = measures.likelihood(vae_run.predictor, vae_run.data(), importance_samples=8)
    point = axes.collections[0].get_offsets()[0]
    assert point.tolist() == pytest.approx([measured.kl, measured.reconstruction], rel=1e-4)
    assert "beta 1" in axes.texts[0].get_text()
    with pytest.raises(trompe.TrompeError, match="distortions of unlike protocols do not compare"):
        draw("rate-distortion", [vae_run, wide_run])


def test_a_plane_and_its_coordinates_agree(random: np.random.Generator) -> None:
    latents = random.normal(size=(200, 6)) * [3, 2, 1, 0.5, 0.2, 0.1] + 5
    plane = Plane.of(latents)
    points = random.normal(size=(10, 2))
    np.testing.assert_allclose(plane.coordinates(plane.latents(points)), points, atol=1e-9)
    np.testing.assert_allclose(plane.coordinates(latents).std(0), 1, rtol=0.02)
    assert not plane.exact
    assert Plane.of(latents[:, :2]).exact


def test_kl_per_dimension_is_the_measures(vae_run: trompe.Run) -> None:
    data = vae_run.data()
    measured = measures.likelihood(vae_run.predictor, data, importance_samples=1)
    np.testing.assert_allclose(kl_per_dimension(vae_run.predictor, data), measured.kl_per_dimension, rtol=1e-4)


@pytest.mark.parametrize("kind", ["vae_run", "wide_run", "class_run", "autoencoder_run"])
def test_a_report_is_one_file_that_needs_nothing_else(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    run: trompe.Run = request.getfixturevalue(kind)
    page = write_report(run, tmp_path / "report.html").read_text()
    assert page.count("data:image/png;base64,") >= 4
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "http" not in page.replace("https://", "http://").split("<body>")[0]
    assert run.record.data.fingerprint in page
    assert ("<h2>Samples</h2>" in page) == (run.model.prior is not None)


def test_a_run_explains_itself(vae_run: trompe.Run) -> None:
    record = json.loads((vae_run.folder / "run.json").read_text())
    assert record["recipe"]["train"]["decay_steps"] == 300
    assert record["requested"]["train"]["decay_steps"] is None
    assert record["data"]["fingerprint"] == trompe.load_data("digits").fingerprint


def test_a_record_with_a_typo_is_refused_by_name(vae_run: trompe.Run, tmp_path: Path) -> None:
    record = json.loads((vae_run.folder / "run.json").read_text())
    record["recipe"]["train"]["btach"] = 3
    (tmp_path / "run.json").write_text(json.dumps(record))
    with pytest.raises(trompe.TrompeError, match=r"unknown key `train\.btach`"):
        trompe.load(tmp_path)
    (tmp_path / "run.json").write_text("{")
    with pytest.raises(trompe.TrompeError, match="is not valid JSON"):
        trompe.load(tmp_path)


def test_a_stranger_cannot_run_code_through_weights(tmp_path: Path, vae_run: trompe.Run) -> None:
    import pickle
    import shutil

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (Path(tmp_path / "pwned"),))  # type: ignore[return-value]

    shutil.copy(vae_run.folder / "run.json", tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(pickle.dumps(Evil()))
    with pytest.raises(trompe.TrompeError, match="or it is damaged"):
        trompe.load(tmp_path)
    assert not (tmp_path / "pwned").exists()


def test_a_run_is_named_in_words(vae_run: trompe.Run, tmp_path: Path) -> None:
    assert repr(vae_run) == f"<Run {vae_run.folder}: vae-digits on digits, step 300 of 300>"
    trompe.train(small(steps=1200, batch=1, snapshots=(1100,)), tmp_path)
    assert repr(trompe.load(tmp_path, snapshot=1100)) == f"<Run {tmp_path}: vae-digits on digits, step 1,100 of 1,200>"


def test_a_run_is_seen_at_its_snapshots_and_as_it_is(tmp_path: Path) -> None:
    run = trompe.train(small("gan-2d", steps=6, snapshots=(0, 4)), tmp_path / "run", data=trompe.load_data("ring"))
    assert [one.step for one in run.at_snapshots()] == [0, 4, 6]
    ended = trompe.train(small("gan-2d", steps=6, snapshots=(6,)), tmp_path / "other", data=trompe.load_data("ring"))
    assert [one.step for one in ended.at_snapshots()] == [6]


def test_a_sweep_holds_all_dimensions_but_one() -> None:
    noise = torch.arange(4.0)
    latents = swept(noise, np.array([2, 0]), torch.zeros(4), torch.ones(4), 3).view(2, 3, 4)
    assert latents[0, :, 2].tolist() == [-3, 0, 3]
    assert latents[0, :, [0, 1, 3]].tolist() == [[0, 1, 3]] * 3
    assert latents[1, :, 0].tolist() == [-3, 0, 3]
