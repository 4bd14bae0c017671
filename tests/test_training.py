"""The loop: to the bit whatever happens in between, and in words where it cannot go on."""

from __future__ import annotations

import itertools
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import trompe
from conftest import small
from trompe.data.samples import Samples, held_out
from trompe.options.train import TrainOptions
from trompe.runs.record import read_record
from trompe.runs.tensors import read_metadata
from trompe.training.step import average_decay, learning_rate, train_step

TRAIN = [sys.executable, "-m", "trompe", "train", "vae-digits"]


def arguments(out: Path, steps: int, *more: str) -> list[str]:
    sizes = ["--nets.widths", "32", "--train.batch", "32", "--train.log-every", "10", "--train.precision", "float32"]
    return [*TRAIN, "--out", str(out), "--train.steps", str(steps), *sizes, "--json", *more]


def one_thread() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def losses(run: trompe.Run) -> list[float]:
    return [line["vae/reconstruction"] for line in run.log if "vae/reconstruction" in line]


def test_training_lowers_the_loss(vae_run: trompe.Run) -> None:
    values = losses(vae_run)
    assert values[-1] < 0.75 * values[0]
    assert vae_run.finished


def test_interrupted_anywhere_it_comes_to_the_same_bits(tmp_path: Path) -> None:
    whole = trompe.train(small(steps=30), tmp_path / "whole")
    for stop in (1, 7, 29):
        # the schedule's length is resolved when a run is made: give it, so that the shorter recipe makes the same run
        resolved = whole.record.recipe
        trompe.train(replace(resolved, train=replace(resolved.train, steps=stop)), tmp_path / str(stop))
        resumed = trompe.train(resolved, tmp_path / str(stop))
        assert resumed.digest == whole.digest


def test_a_finished_run_is_extended(tmp_path: Path) -> None:
    recipe = small(steps=20)
    trompe.train(recipe, tmp_path / "a")
    longer = trompe.train(replace(recipe, train=replace(recipe.train, steps=40)), tmp_path / "a")
    at_once = trompe.train(replace(recipe, train=replace(recipe.train, steps=40)), tmp_path / "b")
    assert longer.step == 40
    assert longer.digest == at_once.digest
    steps = [line["step"] for line in longer.log]
    assert steps == sorted(set(steps))


def test_a_finished_run_is_left_as_it_is(tmp_path: Path) -> None:
    first = trompe.train(small(), tmp_path)
    again = trompe.train(small(), tmp_path)
    assert again.digest == first.digest
    assert again.log == first.log


def test_evaluating_and_drawing_at_any_frequency_changes_nothing(tmp_path: Path) -> None:
    quiet = trompe.train(small(), tmp_path / "quiet")
    busy = trompe.train(
        small(evaluate_every=3, sample_every=2, log_every=1, snapshots=(5, 6), checkpoint_seconds=0.0),
        tmp_path / "busy",
    )
    assert busy.digest == quiet.digest
    assert trompe.load(tmp_path / "busy", snapshot=5).step == 5
    assert len(list((tmp_path / "busy" / "samples").glob("*.png"))) == 17  # 0, 2, ... 30, and 5


def test_the_log_is_a_function_of_the_step(tmp_path: Path) -> None:
    """Whenever the clock asks for a checkpoint, each line is of the same steps."""
    quiet = trompe.train(small(), tmp_path / "quiet")
    busy = trompe.train(small(checkpoint_seconds=0.0), tmp_path / "busy")
    timeless = [[{**line, "images_per_second": 0} for line in run.log] for run in (quiet, busy)]
    assert timeless[0] == timeless[1]
    assert [line["step"] for line in quiet.log] == [10, 20, 30]


def test_a_run_cut_short_between_two_lines_logs_what_an_undisturbed_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terms since the last line are part of what is saved; and where a run ends, its line begins no new mean."""
    recipe = small(checkpoint_seconds=0.0, evaluate_every=7, sample_every=9)
    whole = trompe.train(recipe, tmp_path / "whole")
    for stop in (0, 4, 13, 29):
        steps = iter(range(stop))

        def step_or_die(*given: object, steps: Iterator[int] = steps, **options: object) -> object:
            if next(steps, None) is None:
                raise KeyboardInterrupt
            return train_step(*given, **options)  # type: ignore[arg-type]

        with monkeypatch.context() as patch:
            patch.setattr("trompe.training.loop.train_step", step_or_die)
            with pytest.raises(KeyboardInterrupt):
                trompe.train(recipe, tmp_path / str(stop))
        resumed = trompe.train(recipe, tmp_path / str(stop))
        timeless = [[{**line, "images_per_second": 0} for line in run.log] for run in (whole, resumed)]
        assert timeless[0] == timeless[1]
    trompe.train(recipe.with_(steps=15), tmp_path / "longer")
    lines = {line["step"]: line for line in trompe.train(recipe, tmp_path / "longer").log if "vae/kl" in line}
    assert all(lines[line["step"]]["vae/kl"] == line["vae/kl"] for line in whole.log if "vae/kl" in line)


def test_a_run_goes_on_with_its_threads(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which decide the last bits of a sum; as many as it was trained with, where the machine has them."""
    trompe.train(small(steps=13, decay_steps=30), tmp_path / "run")
    present = torch.get_num_threads()
    torch.set_num_threads(present + 1)
    try:
        trompe.train(small(decay_steps=30), tmp_path / "run")
        assert torch.get_num_threads() == present + 1
    finally:
        torch.set_num_threads(present)
    assert read_metadata(tmp_path / "run" / "state.safetensors")["threads"] == present
    assert f"going on with {present} CPU thread, not {present + 1}" in capfd.readouterr().err
    monkeypatch.setattr("trompe.training.threads.cpus", lambda: 0)
    torch.set_num_threads(present + 1)
    trompe.train(small(steps=31, decay_steps=30), tmp_path / "run")
    torch.set_num_threads(present)
    assert f"was trained with {present} CPU threads, and there are 0 here" in capfd.readouterr().err


@pytest.mark.parametrize("renamed", [True, False])
def test_a_run_folder_that_is_gone_ends_the_training(
    renamed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, steps = tmp_path / "run", itertools.count()

    def step_and_remove(*given: object, **options: object) -> object:
        if next(steps) == 14:
            shutil.move(folder, tmp_path / "other") if renamed else shutil.rmtree(folder)
        return train_step(*given, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("trompe.training.loop.train_step", step_and_remove)
    with pytest.raises(trompe.TrainingStopped, match="was deleted or renamed while it was trained"):
        trompe.train(small(steps=1000, checkpoint_seconds=0.0 if renamed else 60.0), folder)
    assert not folder.exists()
    assert next(steps) < 25
    if renamed:
        assert trompe.load(tmp_path / "other").step == 14


def test_weights_that_start_not_finite_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    recipe = small("vae").with_(init_std=1e39)
    with pytest.raises(trompe.TrompeError, match="not finite before the first step"):
        trompe.train(recipe, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_quiet_says_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    trompe.train(small(), tmp_path / "a", quiet=True)
    assert capfd.readouterr() == ("", "")
    trompe.train(small(), tmp_path / "b")
    assert "bytes" not in (said := capfd.readouterr().err)
    assert "kB of weights and optimizer state" in said


def test_the_seed_changes_the_run(tmp_path: Path) -> None:
    assert trompe.train(small(), tmp_path / "a").digest != trompe.train(small(seed=1), tmp_path / "b").digest


def test_another_process_comes_to_the_same_bits(tmp_path: Path) -> None:
    results = []
    for name, hashing in (("a", "1"), ("b", "2")):
        done = subprocess.run(
            arguments(tmp_path / name, 20),
            env=one_thread() | {"PYTHONHASHSEED": hashing},
            capture_output=True,
            check=True,
        )
        results.append(json.loads(done.stdout)["digest"])
    assert results[0] == results[1]


def kill_at_random(out: Path, steps: int, kills: int, seed: int) -> int:
    """Train in processes that are killed with SIGKILL at random moments; how many kills hit before it was done."""
    random = np.random.default_rng(seed)
    hit = 0
    while hit < kills:
        process = subprocess.Popen(
            arguments(out, steps, "--train.checkpoint-seconds", "0"),
            env=one_thread(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        begun = time.monotonic()
        while process.poll() is None and not (out / "weights.safetensors").exists() and time.monotonic() - begun < 60:
            time.sleep(0.02)
        try:
            process.wait(timeout=float(random.uniform(0, 3.5)))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        _, errors = process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, errors.decode()
        hit += 1
    return hit


def test_killed_at_random_moments_it_comes_to_the_same_bits(tmp_path: Path) -> None:
    check_kills(tmp_path, steps=600, kills=5, seed=0)


@pytest.mark.slow
def test_killed_dozens_of_times_it_comes_to_the_same_bits(tmp_path: Path) -> None:
    check_kills(tmp_path, steps=8000, kills=36, seed=1)


def check_kills(tmp_path: Path, steps: int, kills: int, seed: int) -> None:
    command = arguments(tmp_path / "whole", steps)
    whole = json.loads(subprocess.run(command, env=one_thread(), capture_output=True, check=True).stdout)
    hit = kill_at_random(tmp_path / "killed", steps, kills, seed)
    final = subprocess.run(arguments(tmp_path / "killed", steps), env=one_thread(), capture_output=True, check=True)
    print(f"{hit} kills in {steps} steps: state {json.loads(final.stdout)['digest']}, undisturbed {whole['digest']}")
    assert hit >= min(kills, 3)
    assert json.loads(final.stdout)["digest"] == whole["digest"]
    assert not list((tmp_path / "killed").rglob("*.tmp"))
    steps_logged = [line["step"] for line in trompe.load(tmp_path / "killed").log if "vae/kl" in line]
    assert steps_logged == sorted(set(steps_logged))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_it_writes_its_state_and_says_so(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen(
        arguments(tmp_path / "run", 1_000_000),
        env=one_thread(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (tmp_path / "run" / "weights.safetensors").exists():
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    process.send_signal(number)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"stopped at step {json.loads(out)['step']}; the same command resumes from there" in errors
    assert trompe.load(tmp_path / "run").step == json.loads(out)["step"] > 0


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_its_last_good_state(tmp_path: Path) -> None:
    wild = small("vae-digits", learning_rate=1e12, schedule="constant", snapshots=(1,))
    with pytest.raises(trompe.TrainingStopped, match="the loss is not finite at step") as error:
        trompe.train(wild, tmp_path / "run")
    assert error.value.exit_code == 3
    assert "a lower `--train.learning-rate`" in str(error.value)
    assert len(list((tmp_path / "run").glob("not-finite-step-*.png"))) == 1
    kept = trompe.load(tmp_path / "run")
    assert kept.step == 0
    assert all(torch.isfinite(tensor).all() for tensor in kept.model.state_dict().values())


def test_nothing_is_written_after_a_loss_that_is_not_finite(tmp_path: Path) -> None:
    """Neither snapshots nor sample grids, also where no log line is due."""
    wild = small("gan-mnist", learning_rate=1e38, log_every=1000, sample_every=1, snapshots=tuple(range(31)))
    with pytest.raises(trompe.TrainingStopped, match="the loss is not finite at step") as error:
        trompe.train(wild, tmp_path)
    stopped_at = int(str(error.value).split("at step ")[1].split(":")[0])
    for folder, suffix in (("snapshots", ".safetensors"), ("samples", ".png")):
        assert sorted(int(path.stem[5:]) for path in (tmp_path / folder).glob(f"*{suffix}")) == [*range(stopped_at)]
    for path in (tmp_path / "snapshots").iterdir():
        assert all(torch.isfinite(tensor).all() for tensor in load_file(path).values())


def test_a_changed_recipe_is_refused_with_the_difference(tmp_path: Path) -> None:
    before = trompe.train(small(), tmp_path).digest
    other = small(learning_rate=0.01, batch=16)
    with pytest.raises(trompe.TrompeError, match=r"train.batch: 32 -> 16\n  train.learning_rate: 0.001 -> 0.01"):
        trompe.train(other, tmp_path)
    assert trompe.load(tmp_path).digest == before


def test_changed_data_are_refused_with_the_difference(tmp_path: Path, random: np.random.Generator) -> None:
    images = random.integers(0, 256, (40, 1, 8, 8), dtype=np.uint8)
    trompe.train(small(), tmp_path, data=images)
    place = int(np.flatnonzero(~held_out([image.tobytes() for image in images]))[0])  # one that is trained on
    images[place, 0, 2, 2] ^= 1
    with pytest.raises(trompe.TrompeError, match=r"made from other data:\n  fingerprint: "):
        trompe.train(small(), tmp_path, data=images)
    with pytest.raises(trompe.TrompeError, match=r"train_count: \d+ -> \d+"):
        trompe.train(small(), tmp_path, data=images[:30])


def test_other_test_images_are_said(
    tmp_path: Path, random: np.random.Generator, capfd: pytest.CaptureFixture[str]
) -> None:
    """A training does not depend on what it is tested on, and goes on."""
    images = random.integers(0, 256, (40, 1, 8, 8), dtype=np.uint8)
    trompe.train(small(), tmp_path, data=images)
    held = np.flatnonzero(held_out([image.tobytes() for image in images]))
    assert trompe.train(small(steps=40), tmp_path, data=np.delete(images, held[0], 0)).step == 40
    assert f"test_count: {len(held)} -> {len(held) - 1}" in capfd.readouterr().err


def test_images_that_moved_are_the_same_images(tmp_path: Path) -> None:
    data = trompe.load_data("digits")
    first = trompe.train(small(), tmp_path, data=replace(data, name="here"))
    again = trompe.train(small(steps=40), tmp_path, data=replace(data, name="there"))
    assert (first.step, again.step) == (30, 40)
    assert again.record.recipe.data.source == "there"


def test_a_recipe_and_its_data_may_be_named(tmp_path: Path) -> None:
    images = trompe.load_data("digits").images[:40, 0].astype(np.int64)
    with pytest.raises(trompe.TrompeError, match="images of type int64"):
        trompe.train("vae-digits", tmp_path / "a", data=images)
    with pytest.raises(trompe.TrompeError, match="did you mean `mnist`"):
        trompe.train("vae-digits", tmp_path / "a", data="minst")
    assert not (tmp_path / "a").exists()
    assert trompe.train(small(steps=2), tmp_path / "b", data="digits").step == 2


def test_what_a_user_should_know_is_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    from PIL import Image

    for number in range(3):
        Image.new("L", (8, 8), number).save(tmp_path / f"{number}.png")
    (tmp_path / "bad.png").write_text("x")
    recipe = small(steps=2)
    trompe.train(recipe, tmp_path / "run", data=tmp_path)
    assert "1 broken image is skipped: bad.png" in capfd.readouterr().err
    trompe.train(recipe, tmp_path / "run", data=tmp_path)
    assert "nothing to do: the run is at step 2 of 2" in capfd.readouterr().err


def test_voxels_and_videos_train_too(tmp_path: Path, random: np.random.Generator) -> None:
    recipe = small("vae", steps=4, sample_every=2, evaluate_every=2)
    voxels = random.integers(0, 256, (30, 1, 8, 9, 10), dtype=np.uint8)
    run = trompe.train(recipe, tmp_path, data=voxels)
    assert run.sample(3).shape == (3, 1, 8, 9, 10)
    assert run.reconstruct(run.data()).shape == (run.record.data.test_count, 1, 8, 9, 10)


def test_a_folder_of_something_else_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(trompe.TrompeError, match=r"is not empty and not a run \(it holds `thesis.tex`\)"):
        trompe.train(small(), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    with pytest.raises(trompe.TrompeError, match="is a file"):
        trompe.train(small(), tmp_path / "thesis.tex")


def test_tested_on_images_of_all_classes(tmp_path: Path) -> None:
    """A test split lies as its folder does, one class after another."""
    classes = np.arange(30_000) // 300
    images = np.broadcast_to(classes.astype(np.uint8)[:, None, None, None], (30_000, 1, 8, 8)).copy()
    images[:, 0, 7, 6:] = np.arange(60_000).reshape(-1, 2) % 251  # no two alike: equal ones are held out together
    run = trompe.train(small("vae-digits", steps=1), tmp_path / "run", data=Samples(images, "hundred"))
    kept = run.data().images[:, 0, 0, 0]
    assert len(kept) == 2000
    assert len(np.unique(kept)) == 100


def test_what_does_not_fit_is_found_before_anything_is_written(tmp_path: Path) -> None:
    recipe = small("vae")
    deep = replace(recipe, nets=replace(recipe.nets, widths=(4,) * 6))
    with pytest.raises(trompe.TrompeError, match="too small to be halved"):
        trompe.train(deep, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_one_training_at_a_time_in_a_folder(tmp_path: Path) -> None:
    from trompe.training.signals import locked

    with locked(tmp_path / "run"), pytest.raises(trompe.TrompeError, match="another process is training"):
        trompe.train(small(), tmp_path / "run")


def test_a_full_disk_ends_in_words_and_the_run_goes_on_afterwards(tmp_path: Path) -> None:
    whole = trompe.train(small(steps=400), tmp_path / "whole")
    trompe.train(replace(whole.record.recipe, train=replace(whole.record.recipe.train, steps=200)), tmp_path / "run")
    before = trompe.load(tmp_path / "run").digest

    def quota() -> None:  # far less than the state needs
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    code = (
        "import sys, trompe; from trompe.runs.record import read_record; from dataclasses import replace\n"
        "recipe = read_record(__import__('pathlib').Path(sys.argv[1])).recipe\n"
        "trompe.train(replace(recipe, train=replace(recipe.train, steps=400)), sys.argv[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "run")],
        preexec_fn=quota,
        env=one_thread(),
        capture_output=True,
        text=True,
    )
    assert "TrainingStopped: the disk is full" in done.stderr
    assert "free some space and give the same command again" in done.stderr
    assert trompe.load(tmp_path / "run").digest == before
    assert not list((tmp_path / "run").rglob("*.tmp"))
    recipe = read_record(tmp_path / "run").recipe
    assert trompe.train(recipe, tmp_path / "run").digest == whole.digest


def test_a_disk_that_fills_under_the_log_ends_in_the_same_words(tmp_path: Path) -> None:
    trompe.train(small(steps=10), tmp_path / "run")
    size = (tmp_path / "run" / "log.jsonl").stat().st_size
    code = (
        "import resource, sys; from trompe.runs.log import RunLog; from pathlib import Path\n"
        "log = RunLog(Path(sys.argv[1]), 10)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size + 10}, {size + 10}))\n"
        "try:\n    log.write(11, {'vae/kl': 1.0})\nfinally:\n    log.close()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "run")], cwd=Path(__file__).parent, env=one_thread(),
        capture_output=True, text=True,
    )  # fmt: skip
    assert "TrainingStopped: the disk is full" in done.stderr.splitlines()[-2]


def test_weights_that_are_not_finite_are_never_saved(tmp_path: Path) -> None:
    """Also where the loss was still finite: the last step's update is seen by no loss after it."""
    with pytest.raises(trompe.TrainingStopped, match="the loss is not finite"):
        trompe.train(small(steps=1, learning_rate=1e38, weight_decay=1e38, schedule="constant"), tmp_path)
    assert trompe.load(tmp_path).step == 0


def test_extending_past_the_end_of_a_cosine_is_said(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    recipe = small(steps=10, schedule="cosine")
    trompe.train(recipe, tmp_path)
    trompe.train(replace(recipe, train=replace(recipe.train, steps=20)), tmp_path)
    assert "from step 10 on, the learning rate stays at a hundredth" in capfd.readouterr().err


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    run = trompe.train(small(), tmp_path)
    path = tmp_path / "state.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(trompe.TrompeError, match="or it is damaged"):
        trompe.train(run.record.recipe, tmp_path)


def test_schedules_are_functions_of_the_step() -> None:
    options = TrainOptions(schedule="cosine", steps=100, decay_steps=100, learning_rate=2.0, warmup=10)
    assert learning_rate(options, 0) == pytest.approx(0.2)
    assert learning_rate(replace(options, warmup=0), 50) == pytest.approx(1.01)
    assert learning_rate(options, 100) == learning_rate(options, 10_000) == pytest.approx(0.02)
    assert learning_rate(replace(options, schedule="constant"), 5000) == 2.0
    assert average_decay(replace(options, ema=0.999), 0) == pytest.approx(0.1)
    assert average_decay(replace(options, ema=0.999), 10**6) == 0.999


def test_the_average_follows_the_weights(tmp_path: Path) -> None:
    averaged = trompe.train(small(ema=0.9, steps=1), tmp_path / "a")
    plain = trompe.train(small(ema=0.0, steps=1), tmp_path / "b")
    start = trompe.train(small(ema=0.0, steps=0), tmp_path / "c")
    for average, weight, first in zip(*(run.model.parameters() for run in (averaged, plain, start)), strict=True):
        torch.testing.assert_close(average, torch.lerp(first, weight, 0.9))


def test_tensorboard_reads_the_events(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    trompe.train(small(steps=20), tmp_path)
    trompe.train(small(steps=30), tmp_path)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("vae/kl")] == [10, 20, 30]


def test_tensorboard_shows_the_sample_grids(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = trompe.train(small(sample_every=10, steps=20), tmp_path)
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    shown = [(event.step, event.encoded_image_string) for event in events.Images("samples")]
    assert shown == [(step, path.read_bytes()) for step, path in run.sample_grids]
    assert [step for step, _ in shown] == [0, 10, 20]


def test_no_pickle_is_written(vae_run: trompe.Run) -> None:
    kinds = {path.suffix for path in vae_run.folder.rglob("*") if path.is_file() and path.name != ".lock"}
    assert kinds <= {".safetensors", ".json", ".jsonl", ".png", ".trompe", ".lock"}
