"""`trompe evaluate`: runs and images from elsewhere, by measures that say what they need and how they were taken."""

from __future__ import annotations

import json
import multiprocessing
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import trompe
from conftest import small
from trompe import measures
from trompe.measures.evaluate import evaluate_samples, named, opened_run, reference, taken
from trompe.measures.features import Features
from trompe.measures.moments import moments_of, save_moments
from trompe.measures.networks import opened
from trompe.measures.result import Result, alike, keep, read_results, repetitions, spread
from trompe.measures.table import MEASURES, Subject
from trompe.recipes import recipe
from trompe.web.report import write_report
from trompe.web.sentences import headline, single

SAMPLED = "fid,kid,prdc,memorization"


@pytest.fixture
def evaluate(run_command):  # type: ignore[no-untyped-def]
    def command(*arguments: object) -> dict:  # type: ignore[type-arg]
        return json.loads(run_command("evaluate", *arguments, "--json")[0])

    return command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Held-out digits as PNG files, as another tool might have made them."""
    place = tmp_path / "made"
    place.mkdir()
    for number, image in enumerate(trompe.load_data("digits:test").images[:120, 0]):
        Image.fromarray(image).save(place / f"{number}.png")
    return place


def test_the_same_command_gives_the_same_digits(evaluate, vae_run) -> None:  # type: ignore[no-untyped-def]
    command = (vae_run.folder, "--features", "pixels", "--measures", "all", "--samples", 90, "--importance-samples", 3)
    first, second = evaluate(*command), evaluate(*command)
    assert {**first, "seconds": 0} == {**second, "seconds": 0}
    assert first["samples_hash"]
    assert {"trompe", "torch", "numpy"} <= set(first["versions"])
    assert first["protocols"]["fid"] == {"features": "pixels", "samples": 90, "sample_size": "1x8x8", "against": 359}
    assert set(first["measures"]) | set(first["skipped"]) == set(MEASURES)
    kept = (vae_run.folder / "measures.jsonl").read_text().splitlines()
    assert json.loads(kept[-1]) == second
    assert (vae_run.folder / "figures" / "copies.png").exists()


def test_without_a_run_the_measures_are_listed(run_command) -> None:  # type: ignore[no-untyped-def]
    out, _ = run_command("evaluate")
    for name in MEASURES:
        assert f"\n{name} " in f"\n{out}"
    assert "requires: gaussian posterior, images of the data" in out


def test_what_a_model_lacks_is_skipped_with_the_reason(  # type: ignore[no-untyped-def]
    run_command, autoencoder_run, vae_run
) -> None:
    out, _ = run_command("evaluate", autoencoder_run.folder)
    assert "skipped likelihood: the model has no Gaussian posterior" in out
    out, _ = run_command("evaluate", autoencoder_run.folder, "--measures", "reconstruction,fid", "--features", "pixels")
    assert "skipped fid: the model has no prior: nothing can be sampled from it" in out
    assert "frechet" not in out
    _, errors = run_command("evaluate", autoencoder_run.folder, "--measures", "fid", "--features", "pixels", code=2)
    assert "nothing can be measured: fid, memorization: the model has no prior: nothing can be sampled" in errors
    out, _ = run_command("evaluate", vae_run.folder, "--measures", "is,latents", "--features", "pixels")
    assert "skipped is: `pixels` gives no class probabilities" in out


def test_whether_it_copies_stands_beside_every_frechet_figure(evaluate, vae_run) -> None:  # type: ignore[no-untyped-def]
    found = evaluate(vae_run.folder, "--measures", "fid", "--features", "pixels", "--samples", 50)
    assert list(found["measures"]) == ["fid", "memorization"]
    assert found["values"]["copies"] in (True, False)


def test_samples_from_several_seeds_have_mean_and_spread(evaluate, run_command, vae_run) -> None:  # type: ignore[no-untyped-def]
    command = (vae_run.folder, "--measures", "fid,reconstruction", "--features", "pixels", "--samples", 80)
    both = evaluate(*command, "--seed", 0, 1, 2)
    values = [one["values"]["frechet_distance"] for one in both["results"]]
    assert len(set(values)) == 3
    assert both["spread"]["frechet_distance"] == {
        "mean": pytest.approx(np.mean(values)), "std": pytest.approx(np.std(values, ddof=1))
    }  # fmt: skip
    assert both["spread"]["squared_error"]["std"] == 0
    assert len({one["samples_hash"] for one in both["results"]}) == 3
    out, _ = run_command("evaluate", *command, "--seed", 0, 1)
    assert "mean ± std" in out


def test_runs_of_several_training_seeds_are_repetitions(evaluate, run_command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folders = [trompe.train(small(seed=seed), tmp_path / f"r{seed}").folder for seed in (0, 1)]
    both = evaluate(*folders)
    assert both["spread"]["elbo"]["std"] > 0
    other = trompe.train(small(steps=31), tmp_path / "other").folder
    assert "spread" not in evaluate(*folders, other)
    out, _ = run_command("evaluate", *folders)
    assert "mean ± std" in out
    out, _ = run_command("evaluate", *folders, "--measures", "probe,fid", "--features", "pixels", "--samples", 40)
    assert "linear error by layer, layer 1" in out
    assert "copies " in out


def test_unlike_protocols_are_never_in_one_table(run_command, vae_run, wide_run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    out, _ = run_command("evaluate", vae_run.folder, wide_run.folder)
    assert "likelihood: results of unlike protocols, not to be compared across tables" in out
    assert "reconstruction: results of unlike" not in out
    results = [measures.evaluate(run, measures=["likelihood"]) for run in (vae_run, wide_run)]
    assert alike(results, "likelihood") == [[one] for one in results]
    assert not repetitions(results)
    assert set(spread(results[:1])) >= {"elbo", "kl"}


# Images from elsewhere


@pytest.mark.parametrize("kind", ["folder", "zip", "npz"])
def test_images_from_any_tool(evaluate, folder: Path, tmp_path: Path, kind: str) -> None:  # type: ignore[no-untyped-def]
    given = folder
    if kind == "zip":
        given = Path(shutil.make_archive(str(tmp_path / "made"), "zip", folder))
    elif kind == "npz":
        given = tmp_path / "made.npz"
        np.savez(given, trompe.load_data("digits:test").images[:120].transpose(0, 2, 3, 1))
    found = evaluate("--images", given, "--data", "digits:train", "--features", "pixels")
    assert list(found["measures"]) == ["fid", "kid", "prdc", "memorization"]
    train, test = trompe.load_data("digits"), trompe.load_data("digits:test")
    expected, _ = evaluate_samples(test.take(slice(0, 120)), train, lambda: (train, test), features="pixels")
    assert found["values"]["frechet_distance"] == pytest.approx(expected.values["frechet_distance"], rel=1e-9)
    assert found["protocols"]["fid"]["against"] == 1438
    assert not found["values"]["copies"]


def test_the_split_of_a_folder_that_has_none_accuses_nobody(evaluate, folder: Path) -> None:  # type: ignore[no-untyped-def]
    found = evaluate("--images", folder, "--data", folder, "--features", "pixels")
    assert "does not say which images were trained on" in found["skipped"]["memorization"]
    assert found["protocol"]["images"] == 120  # all of them, none set aside
    assert found["values"]["frechet_distance"] == pytest.approx(0, abs=1e-6)


def test_moments_are_kept_and_serve_again(evaluate, run_command, folder: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    command = ("--images", folder, "--features", "pixels", "--measures", "fid,kid")
    kept = tmp_path / "moments.npz"
    first = evaluate(*command, "--data", "digits:test", "--save-moments", kept)
    second = evaluate(*command, "--data", kept)
    assert second["values"]["frechet_distance"] == first["values"]["frechet_distance"]
    assert second["protocols"]["fid"]["reference_protocol"] == "as here"
    assert second["skipped"]["kid"] == "of the data only moments are given"
    with np.load(kept) as arrays:
        np.savez(tmp_path / "bare.npz", **{name: arrays[name] for name in arrays.files if name != "protocol"})
        protocol = json.dumps({"features": "inception"})
        np.savez(tmp_path / "alien.npz", **({name: arrays[name] for name in arrays.files} | {"protocol": protocol}))
    bare = evaluate(*command, "--data", tmp_path / "bare.npz")
    assert bare["protocols"]["fid"]["reference_protocol"] == "not recorded"
    _, errors = run_command("evaluate", *command, "--data", tmp_path / "alien.npz", code=2)
    assert "the moments are by another protocol" in errors


def test_images_of_several_sizes_are_not_scaled_unasked(evaluate, run_command, folder: Path) -> None:  # type: ignore[no-untyped-def]
    Image.new("L", (30, 20)).save(folder / "odd.png")
    command = ("--images", folder, "--data", "digits:test", "--features", "pixels", "--measures", "fid")
    _, errors = run_command("evaluate", *command, code=2)
    assert "have 2 sizes (8x8, 20x30, ...), and scaling changes what is measured" in errors
    (folder / "broken.png").write_bytes(b"\x89PNG nothing")
    out, errors = run_command("evaluate", *command, "--size", 8, "--json")
    assert "1 broken image of" in errors
    found = json.loads(out)
    assert found["protocols"]["fid"]["samples"] == 121
    assert found["protocol"]["size"] == "1x8x8"


def test_images_of_another_size_do_not_cost_the_other_figures(  # type: ignore[no-untyped-def]
    evaluate, run_command, folder: Path, tmp_path: Path
) -> None:
    small_ones = np.stack([np.asarray(Image.open(folder / f"{number}.png").resize((6, 6))) for number in range(60)])
    np.savez(tmp_path / "small.npz", images=small_ones)
    command = ("--images", tmp_path / "small.npz", "--data", "digits:test")
    _, errors = run_command("evaluate", *command, "--features", "pixels", code=2)
    assert "in pixels, images of (1, 6, 6) and (1, 8, 8) do not compare (`--size` scales them)" in errors
    found = evaluate(*command, "--trust", "--features", averaging(tmp_path / "mean.pt"))
    assert list(found["measures"]) == ["fid", "kid", "prdc"]
    assert "do not compare" in found["skipped"]["memorization"]
    found = evaluate(*command, "--trust", "--features", tmp_path / "mean.pt", "--measures", "fid,memorization")
    assert found["values"]["exact_copies"] == 0


def averaging(path: Path) -> Path:
    """A network that takes images of any size: means over halves."""
    import torch

    class Means(torch.nn.Module):
        def forward(self, images):  # type: ignore[no-untyped-def]
            return torch.nn.functional.adaptive_avg_pool2d(images, 2).flatten(1)

    with pytest.warns(DeprecationWarning, match="torch.jit"):
        torch.jit.save(torch.jit.script(Means()), str(path))
    return path


def test_too_few_images_for_one_measure_keep_the_others(evaluate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    np.savez(tmp_path / "eight.npz", images=trompe.load_data("digits:test").images[:8])
    found = evaluate("--images", tmp_path / "eight.npz", "--data", "digits:test", "--features", "pixels")
    assert found["skipped"]["kid"] == "8 images on a side are too few: it takes 10"
    assert "frechet_distance" in found["values"]


def test_a_variance_over_images_takes_several(vae_run: trompe.Run, tmp_path: Path) -> None:
    run = shutil.copytree(vae_run.folder, tmp_path / "run")
    result = measures.evaluate(run, limit=1)
    assert result.skipped["latents"] == "1 image is too few: it takes 2"
    assert "active_units" not in result.values
    assert measures.evaluate(run, measures="latents", limit=2).values["active_units"] >= 0


def test_a_folder_with_a_mixtures_name_is_a_folder(evaluate, vae_run, folder: Path) -> None:  # type: ignore[no-untyped-def]
    folder.rename(folder.parent / "grid")
    found = evaluate(vae_run.folder, "--data", folder.parent / "grid")
    assert "modes are known of" in found["skipped"]["modes"]


def test_a_table_has_every_figure_that_any_run_has(run_command, vae_run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    pca = trompe.train(recipe("pca"), tmp_path / "pca", data="digits").folder
    for order in ((pca, vae_run.folder), (vae_run.folder, pca)):
        out, _ = run_command("evaluate", *order, "--measures", "reconstruction")
        assert "standardized error" in out


def test_latents_and_likelihood_are_of_the_same_images(tmp_path: Path) -> None:
    options = small(steps=60)
    run = trompe.train(replace(options, data=replace(options.data, binarize="dynamic")), tmp_path / "binary")
    result = measures.evaluate(run, measures=["likelihood", "latents"], importance_samples=1)
    found = result.values
    assert found["mutual_information"] + found["marginal_kl"] == pytest.approx(found["kl"], rel=1e-5)
    assert result.protocols["latents"]["levels"].startswith("binarized")


def test_what_is_not_finite_is_no_number_that_json_does_not_know(evaluate, run_command, vae_run) -> None:  # type: ignore[no-untyped-def]
    found = evaluate(vae_run.folder, "--limit", 1, "--measures", "likelihood,class-separation")
    assert found["values"]["iwae_standard_error"] is None
    assert "needs at least two classes" in found["skipped"]["class-separation"]
    out, _ = run_command("evaluate", vae_run.folder, "--limit", 1, "--measures", "likelihood")
    assert re.search(r"^iwae standard error +-  standard error", out, re.M)


def test_results_of_unlike_steps_are_no_repetitions(tmp_path: Path) -> None:
    runs = [trompe.train(small(seed=seed), tmp_path / f"r{seed}") for seed in (0, 1)]
    results = [measures.evaluate(run, measures=["likelihood"]) for run in runs]
    assert repetitions(results)
    assert not repetitions([results[0], replace(results[1], step=3)])


def test_moments_at_another_size_are_refused(run_command, evaluate, folder: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    command = ("--images", folder, "--trust", "--features", averaging(tmp_path / "mean.pt"), "--measures", "fid")
    evaluate(*command, "--data", "digits:test", "--save-moments", tmp_path / "m.npz")
    _, errors = run_command("evaluate", *command, "--features-size", 12, "--data", tmp_path / "m.npz", code=2)
    assert "the moments are by another protocol" in errors
    np.savez(tmp_path / "wide.npz", mu=np.zeros(64), sigma=np.eye(64))
    _, errors = run_command("evaluate", *command, "--data", tmp_path / "wide.npz", code=2)
    assert "moments of 64 features against 4" in errors


def test_networks_that_give_no_features_are_refused(run_command, folder: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    import torch

    class Alone(torch.nn.Module):
        def forward(self, images):  # type: ignore[no-untyped-def]
            return images.mean((0, 2, 3))

    class Nothing(torch.nn.Module):
        def forward(self, images):  # type: ignore[no-untyped-def]
            return images.flatten(1).log() * 0 / 0

    for module, message in ((Alone(), "(1,) for 4 inputs"), (Nothing(), "gives features that are not finite")):
        with pytest.warns(DeprecationWarning, match="torch.jit"):
            torch.jit.save(torch.jit.script(module), str(tmp_path / "net.pt"))
        command = ("--images", folder, "--data", "digits:test", "--features", tmp_path / "net.pt", "--measures", "fid")
        assert message in run_command("evaluate", *command, "--trust", code=2)[1]


def test_samples_that_are_the_held_out_images_are_said_to_be(evaluate, run_command, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    np.savez(tmp_path / "test.npz", images=trompe.load_data("digits:test").images[:50])
    command = ("--images", tmp_path / "test.npz", "--data", "digits:test", "--features", "pixels", "--measures", "fid")
    found = evaluate(*command)["values"]
    assert found["held_out_samples"] == 50
    assert found["distance_ratio"] is None
    out, errors = run_command("evaluate", *command)
    assert "50 samples equal held-out images bit for bit" in out
    assert "50 images span fewer directions than 64 features have" in errors


def test_color_images_of_gray_things_can_be_made_gray(evaluate, run_command, folder: Path) -> None:  # type: ignore[no-untyped-def]
    for path in folder.glob("*.png"):
        Image.open(path).convert("RGB").save(path)
    command = ("--images", folder, "--data", "digits:test", "--features", "pixels", "--measures", "fid")
    assert "`--color` converts them" in run_command("evaluate", *command, code=2)[1]
    assert evaluate(*command, "--color", "gray")["values"]["frechet_distance"] > 0


def result(**given: object) -> Result:
    empty = {"source": "", "step": None, "values": {}, "measures": {}, "protocol": {}, "protocols": {}, "skipped": {}}
    return Result(**{**empty, "samples_hash": None, "seconds": 0.0, "versions": {}, **given})  # type: ignore[arg-type]


def test_runs_of_one_name_are_told_apart() -> None:
    from trompe.cli.tables import headings

    results = [result(source=f"runs/{place}/x", protocol={"seed": 0}) for place in "ab"]
    assert headings(results) == ["runs/a/x seed 0", "runs/b/x seed 0"]
    assert headings(results[:1]) == ["x seed 0"]


def test_moments_of_other_data_are_another_protocol(evaluate, folder: Path, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    command = ("--images", folder, "--features", "pixels", "--measures", "fid")
    found = []
    for number in range(2):
        path = tmp_path / f"{number}.npz"
        np.savez(path, mu=np.full(64, 0.1 * number), sigma=np.eye(64))
        found.append(Result(**evaluate(*command, "--data", path)))
    assert alike(found, "fid") == [[one] for one in found]


def test_a_collapsed_generator_shows(evaluate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    data = trompe.load_data("digits:test").images
    np.savez(tmp_path / "same.npz", images=np.repeat(data[:2], 60, 0))
    found = evaluate("--images", tmp_path / "same.npz", "--data", "digits:test", "--features", "pixels")
    assert found["values"]["repeated_samples"] == 118
    assert found["values"]["coverage"] < 0.1
    assert found["values"]["recall"] == 0


def test_a_runs_own_classifier_is_a_feature_space(evaluate, tmp_path: Path, folder: Path) -> None:  # type: ignore[no-untyped-def]
    """And gives what the Inception Score needs."""
    labeled = recipe("sdae-mnist")
    options = replace(
        small("sdae-mnist", steps=60),
        nets=replace(labeled.nets, widths=(16, 16), latent=16),
        family=replace(labeled.family, layer_steps=(5, 5, 5)),
    )
    run = trompe.train(options, tmp_path / "labeled")
    space = opened(str(run.folder))
    found = evaluate("--images", folder, "--data", "digits:test", "--features", run.folder)
    assert 1 < found["values"]["inception_score"] <= 10
    assert found["protocols"]["fid"]["weights"] == space.protocol["weights"]


def test_modes_of_a_mixture_through_a_whole_run(evaluate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    options = small(steps=30)
    run = trompe.train(replace(options, data=replace(options.data, source="ring")), tmp_path / "ring")
    found = evaluate(run.folder, "--samples", 500)
    assert found["values"]["modes"] == 8
    assert found["values"]["squared_error"] > 0
    assert 0 <= found["values"]["copying"] < 1
    assert 0 <= found["values"]["high_quality"] < 0.5  # it has hardly learned


class Reader(Features):
    """A classifier that reads the digit off the gray level."""

    def __init__(self) -> None:
        self.protocol, self.made_by = {"features": "reader"}, {}

    def __call__(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return images.flatten(1).float(), torch.eye(10)[images[:, 0, 0, 0].long() // 25]


def subject_of(data: trompe.Samples, space: Callable[[], Features], images: trompe.Samples) -> Subject:
    return Subject(data, space, lambda: (data, data), lambda: data, generated=images, count=400)


def test_stacked_digits_need_a_classifier() -> None:
    random = np.random.default_rng(0)
    stacks = random.integers(0, 10, (400, 3))
    images = np.broadcast_to((stacks * 25)[:, :, None, None], (400, 3, 4, 4)).astype(np.uint8)
    data = trompe.Samples(images, "stacked-mnist:test", stacks @ [100, 10, 1], tuple(map(str, range(1000))))
    found, _ = taken(subject_of(data, Reader, data), ["modes"])
    assert found.values["modes"] == 1000
    assert found.values["modes_found"] == len(np.unique(stacks @ [1, 10, 100]))
    with pytest.raises(trompe.TrompeError, match="digits are distinguished by a classifier"):
        taken(subject_of(data, lambda: opened("pixels"), data), ["modes"])


def test_a_classifier_finds_the_requested_classes() -> None:
    """Of the digits requested, every 4 came out as a 9."""
    asked = np.arange(400) % 10
    came = np.where(asked == 4, 9, asked)
    digits = tuple("0123456789")
    images = np.broadcast_to((came * 25)[:, None, None, None], (400, 1, 4, 4)).astype(np.uint8)
    samples = trompe.Samples(images, "samples", asked, digits)
    found, _ = taken(subject_of(samples, Reader, samples), ["class-accuracy"])
    assert found.values["class_accuracy"] == pytest.approx(0.9)
    assert found.values["class_accuracy_by_class"] == {digit: float(digit != "4") for digit in digits}
    with pytest.raises(trompe.TrompeError, match="`--features` does not tell these classes apart"):
        taken(subject_of(samples, lambda: opened("pixels"), samples), ["class-accuracy"])
    unasked = trompe.Samples(images, "samples")
    with pytest.raises(trompe.TrompeError, match="the samples have no class labels"):
        taken(subject_of(samples, Reader, unasked), ["class-accuracy"])


def test_the_report_shows_what_was_measured(vae_run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    measures.evaluate(vae_run, measures=["fid"], features="pixels", samples=60)
    measures.evaluate(vae_run, measures=["likelihood"], importance_samples=3)
    page = write_report(vae_run, tmp_path / "report.html").read_text()
    assert "Frechet distance in pixels, 60 samples" in page
    assert "IWAE bound, K = 3" in page
    assert "Most copied samples" in page


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("--data digits:test", "there is nothing to measure"),
        ("{run} --images {tmp}", "both runs and `--images` were given"),
        ("--images {tmp}/none", "none were given"),
        ("--images {tmp}/none --data digits:test", "there is nothing at"),
        ("--images {file} --data digits:test", "but not a zip of images"),
        ("--images digits:test --data digits", "which images of `digits`?"),
        ("--images {npz} --data digits:test", "none is known to be images"),
        ("{run} --measures fdi", "did you mean `fid`?"),
        ("{run} --measures fid --features incepton", "did you mean `inception`?"),
        ("{run} --measures fid --features {file}", "no features are named"),
        ("{run} --measures fid --features {tmp}/net.onnx", "there is no network at"),
        ("{run} --measures fid --features {run} --samples 0", "`--samples 0` measures nothing"),
        ("{run} --importance-samples 0", "`--importance-samples 0` measures nothing"),
        ("{run} --size 8", "a run has a size of its own"),
        ("{run} --seed 1 1", "is not a list of different seeds"),
        ("{run} --data {npz}", "holds no moments"),
        ("--images digits:test --data digits:test --copies {tmp}/c.gif", "has an unknown suffix"),
        ("{run} --copies {tmp}/c.png", "`--copies` is for `--images`"),
        ("{run} --measures fdi --features pixels --save-moments {tmp}/m.npz", "no measure is named `fdi`"),
        ("{run} {run}", "a run was given twice"),
        ("{run} {tmp} --save-moments {tmp}/m.npz", "the data of several runs have no moments in common"),
        ("--images digits:test --data digits:test --seed 0 1", "images do not depend on a seed"),
        ("{run} --save-moments {tmp}/m", "`--save-moments {tmp}/m` has an unknown suffix"),
        ("{run} --measures fid --features {tmp}/net.pt --features-size -3", "`--features-size -3` measures nothing"),
        ("{tmp}", "is not a run"),
    ],
)
def test_bad_input_is_answered_in_words(run_command, vae_run, tmp_path: Path, command: str, message: str) -> None:  # type: ignore[no-untyped-def]
    file, npz = tmp_path / "file.txt", tmp_path / "two.npz"
    file.write_text("precious")
    np.savez(npz, mean=np.zeros(3), images2=np.zeros(3))
    before = sorted(tmp_path.rglob("*"))
    kept = (vae_run.folder / "measures.jsonl").read_bytes() if (vae_run.folder / "measures.jsonl").exists() else b""
    words = [word.format(tmp=tmp_path, file=file, npz=npz, run=vae_run.folder) for word in command.split()]
    out, errors = run_command("evaluate", *words, code=2)
    assert out == ""
    assert message.format(tmp=tmp_path) in errors
    assert "\nhint: " in errors
    assert "Traceback" not in errors
    assert sorted(tmp_path.rglob("*")) == before
    after = (vae_run.folder / "measures.jsonl").read_bytes() if (vae_run.folder / "measures.jsonl").exists() else b""
    assert after == kept


# From Python


def test_what_evaluate_is_given_is_understood(vae_run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "run"
    shutil.copytree(vae_run.folder, folder)
    run = trompe.load(folder)
    found = measures.evaluate(run, "digits:test", measures="fid, kid", features="pixels", samples=70)
    assert list(found.measures) == ["fid", "kid", "memorization"]
    assert list(measures.evaluate(str(folder), measures=("reconstruction",)).measures) == ["reconstruction"]
    path = tmp_path / "m.npz"
    save_moments(path, moments_of(trompe.load_data("digits:test").images.reshape(359, -1) / np.float32(255)))
    again = measures.evaluate(run, path, measures="fid", features="pixels", samples=70)
    assert again.values["frechet_distance"] == pytest.approx(found.values["frechet_distance"], rel=1e-4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (lambda run: reference(run, ["fid"]), r"measures=\['fid'\]`"),
        (lambda run: reference(run, np.zeros((3, 1, 8, 8))), r"a ndarray is no data.*\n.*`trompe.Samples\(images"),
        (lambda run: reference(run, 3), "a int is no data to measure on"),
        (lambda run: named("fdi"), "did you mean `fid`"),
        (lambda run: named(3), "`measures` is 3"),
        (lambda run: named([3]), r"`measures` is \[3\]"),
        (lambda run: opened_run(run.predictor), "measures a run, not a Predictor"),
    ],
)
def test_what_evaluate_cannot_be_given_is_refused_in_words(vae_run, given, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(trompe.TrompeError, match=message) as error:
        given(vae_run)
    assert error.value.hint


def keep_some(folder: Path, number: int) -> None:
    for _ in range(10):
        keep(folder, result(protocol={"data": "x" * 5000, "seed": number}, source="s"))


def test_eight_at_once_keep_eight_results(tmp_path: Path) -> None:
    """In real processes, after a line that a kill cut off."""
    kept = tmp_path / "measures.jsonl"
    keep(tmp_path, result(protocol={"data": "first", "seed": 0}, source="s"))
    kept.write_bytes((kept.read_bytes() * 2)[:-40])
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=keep_some, args=(tmp_path, number)) for number in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8
    found = [one.protocol["seed"] for one in read_results(tmp_path)]
    assert sorted(found) == sorted([0, *list(range(8)) * 10])


@pytest.mark.parametrize("at", [1, 12, 40, -3, -1])
def test_a_line_cut_by_a_kill_costs_no_other(tmp_path: Path, at: int) -> None:
    one = result(protocol={"data": "d", "seed": 0}, values={"elbo": -1.5}, source="s")
    keep(tmp_path, one)
    kept = tmp_path / "measures.jsonl"
    whole = kept.read_bytes()
    kept.write_bytes(whole + whole.rstrip()[:at])
    assert read_results(tmp_path) == [one]
    keep(tmp_path, one)
    assert read_results(tmp_path) == [one, one]


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[]",
        b"null",
        b"{}",
        b"\xff\xfe",
        b'{"a":' * 3000,
        "values: {'elbo': 'high'}",
        "values: {'elbo': [1]}",
        "protocol: {}",
        "step: 'x'",
        "measures: {'fid': 3}",
        "measures: {'fid': ['frechet_distance']}",
    ],
)
def test_results_that_trompe_did_not_write_are_refused(tmp_path: Path, line: bytes | str) -> None:
    good = result(protocol={"data": "d", "seed": 0}, source="s").to_json()
    if isinstance(line, str):
        name, _, value = line.partition(": ")
        line = json.dumps(good | {name: json.loads(value.replace("'", '"'))}).encode()
    (tmp_path / "measures.jsonl").write_bytes(json.dumps(good).encode() + b"\n" + line + b"\n")
    with pytest.raises(trompe.TrompeError, match=r"measures\.jsonl` was not written by trompe, or it is damaged"):
        read_results(tmp_path)


@pytest.mark.parametrize("value", [None, "text", ["text"], {"text": "text"}])
@pytest.mark.parametrize("name", ["elbo", "kl_per_dimension", "importance_samples", "copies", "nearest_copies"])
def test_every_value_that_is_read_is_shown(tmp_path: Path, name: str, value: object) -> None:
    from trompe.cli.tables import show

    values = {"elbo": -1.5, "kl": 2, "kl_per_dimension": [0.5, 0.0], "frechet_distance": 3.0, "copies": False}
    keep(tmp_path, result(protocol={"data": "d", "seed": 0}, values=values | {name: value}, protocols={"fid": {}}))
    try:
        found = read_results(tmp_path)
    except trompe.TrompeError:
        assert name in ("elbo", "copies")  # which are numbers
        return
    assert all(isinstance(text, str) for pair in headline(found) for text in pair)
    assert all(isinstance(text, str) for text in single(found[0]).values())
    show(found)


def test_a_result_that_cannot_be_kept_is_given_all_the_same(evaluate, run_command, vae_run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path / "run"
    shutil.copytree(vae_run.folder, folder)
    (folder / "measures.jsonl").unlink(missing_ok=True)
    (folder / "measures.jsonl").mkdir()  # as little to be written to as in a folder that is read-only
    out, errors = run_command("evaluate", folder, "--measures", "reconstruction", "--json")
    assert json.loads(out)["values"]["squared_error"] > 0
    assert "the result is not kept: cannot write" in errors


def test_precision_and_recall_compare_equally_many(evaluate, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    """Of one distribution: ten times as many samples would have a tenth of the recall."""
    random = np.random.default_rng(0)
    for name, count in (("many", 1000), ("few", 100)):
        np.savez(tmp_path / f"{name}.npz", images=random.integers(0, 256, (count, 1, 2, 2)).astype(np.uint8))
    command = ("--images", tmp_path / "many.npz", "--data", tmp_path / "few.npz", "--features", "pixels")
    found = evaluate(*command, "--measures", "prdc")
    assert min(found["values"][name] for name in ("precision", "recall", "coverage")) > 0.7
    assert found["protocols"]["prdc"]["samples"] == 1000
    assert found["protocols"]["prdc"]["compared"] == 100
    assert evaluate(*command, "--measures", "prdc")["values"] == found["values"]
    assert evaluate(*command, "--measures", "prdc", "--seed", 1)["values"] != found["values"]


def test_an_inception_score_of_too_few_samples_is_skipped_with_their_number() -> None:
    images = np.broadcast_to((np.arange(400) % 10 * 25)[:, None, None, None], (400, 1, 4, 4)).astype(np.uint8)
    samples, one = trompe.Samples(images, "samples"), trompe.Samples(images[:1], "one")
    found, _ = taken(subject_of(one, Reader, samples), ["is"])  # it does not look at the data
    assert found.values["inception_score"] == pytest.approx(10)
    assert found.protocols["is"]["parts"] == 10
    with pytest.raises(trompe.TrompeError, match="99 images are too few: it takes 100"):
        taken(subject_of(samples, Reader, samples.take(slice(0, 99))), ["is"])
