"""A model ready for use without its run folder: from a weights file alone, and its verbs in a loss."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import trompe
from conftest import small
from trompe.runs.predictor import Predictor
from trompe.runs.run import Run


@pytest.fixture(scope="module")
def kept_run(tmp_path_factory: pytest.TempPathFactory) -> trompe.Run:
    return trompe.train(small(steps=30, snapshots=(10,)), tmp_path_factory.mktemp("kept"))


def assert_same(predictor: Predictor | Run, run: trompe.Run) -> None:
    data = trompe.load_data("digits:test").take(slice(0, 20))
    assert isinstance(predictor, Predictor)
    assert (predictor.step, predictor.recipe, predictor.format) == (run.step, run.record.recipe, run.record.data.format)
    assert torch.equal(predictor.sample(5, seed=3), run.sample(5, seed=3))
    assert torch.equal(predictor.encode(data), run.encode(data))
    assert torch.equal(predictor.reconstruct(data), run.reconstruct(data))


def test_a_weights_file_alone_is_enough(kept_run: trompe.Run, tmp_path: Path) -> None:
    moved = tmp_path / "mine.safetensors"
    moved.write_bytes((kept_run.folder / "weights.safetensors").read_bytes())
    for path in (kept_run.folder / "weights.safetensors", moved):
        assert_same(trompe.load(path), kept_run)


def test_a_snapshot_alone_is_enough(kept_run: trompe.Run) -> None:
    at_snapshot = trompe.load(kept_run.folder, snapshot=10)
    assert isinstance(at_snapshot, Run)
    assert_same(trompe.load(kept_run.folder / "snapshots" / "step-000010.safetensors"), at_snapshot)
    assert not torch.equal(at_snapshot.sample(2), kept_run.sample(2))


def test_a_class_conditional_model_is_opened_alone(class_run: trompe.Run) -> None:
    predictor = trompe.load(class_run.folder / "weights.safetensors")
    assert torch.equal(predictor.sample(3, labels=[1, 2, 3]), class_run.sample(3, labels=[1, 2, 3]))
    with pytest.raises(trompe.TrompeError, match="needs labels"):
        predictor.encode(torch.rand(2, 1, 8, 8))


def test_what_is_no_weights_file_is_refused_in_words(kept_run: trompe.Run, tmp_path: Path) -> None:
    foreign, text, notes = (tmp_path / name for name in ("foreign.safetensors", "text.safetensors", "notes.txt"))
    save_file({"layer.weight": torch.zeros(2, 2)}, foreign)
    text.write_text("These are no weights.")
    notes.write_text("These neither.")
    for path in (foreign, text):
        with pytest.raises(trompe.TrompeError, match=f"`{path}` was not written by trompe, or it is damaged") as error:
            trompe.load(path)
        assert error.value.hint
    with pytest.raises(trompe.TrompeError, match=f"`{notes}` is not a run: it is a file") as error:
        trompe.load(notes)
    assert ".safetensors" in str(error.value.hint)
    with pytest.raises(trompe.TrompeError, match="is not a run: there is no such folder"):
        trompe.load(tmp_path / "absent.safetensors")
    with pytest.raises(trompe.TrompeError, match="holds a trainer's state, not weights") as error:
        trompe.load(kept_run.folder / "state.safetensors")
    assert "weights.safetensors" in str(error.value.hint)


def test_what_verbs_return_can_be_used_in_a_loss(vae_run: trompe.Run) -> None:
    images = trompe.load_data("digits").take(slice(0, 4)).images_as_floats()
    latents = vae_run.encode(images)
    before = latents.clone()
    torch.testing.assert_close(latents.mul_(2), 2 * before)
    samples = vae_run.sample(4).requires_grad_()
    (samples**2).sum().backward()
    torch.testing.assert_close(samples.grad, 2 * samples.detach())
    network = torch.nn.Linear(2, 1)
    network(vae_run.encode(images)).sum().backward()  # as a fixed input of a network of one's own
    torch.testing.assert_close(network.weight.grad, before.sum(0, keepdim=True))
