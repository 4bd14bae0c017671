"""A model that copies its training images is caught, and one that does not is not accused."""

from __future__ import annotations

import numpy as np
import pytest

import trompe
from trompe import Samples, TrompeError
from trompe.measures.memorization import exact_copies, memorization


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Digits trained on, held out, and new ones that an honest model might make."""
    every = np.concatenate([trompe.load_data(f"digits:{split}").images for split in ("train", "test")])
    order = np.random.default_rng(0).permutation(len(every))
    return tuple(np.split(every[order], [800, 1300]))  # type: ignore[return-value]


def flat(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / 255


def measured(samples: np.ndarray, digits: tuple[np.ndarray, np.ndarray, np.ndarray]):  # type: ignore[no-untyped-def]
    return memorization(flat(samples), flat(digits[0]), flat(digits[1]))


def test_a_generator_that_replays_is_caught(digits) -> None:  # type: ignore[no-untyped-def]
    replayed = digits[0][np.random.default_rng(1).integers(0, 800, 500)]
    found = measured(replayed, digits)
    assert found.copies
    assert found.memorization_rate == pytest.approx(1, abs=0.01)
    assert found.distance_ratio == 0
    np.testing.assert_array_equal(digits[0][found.nearest], replayed)
    assert exact_copies(replayed, *digits[:2]).exact_copies == 500
    assert exact_copies(replayed, *digits[:2]).copies
    assert exact_copies(replayed, *digits[:2]).repeated_samples > 0


def test_a_generator_that_jitters_is_caught(digits) -> None:  # type: ignore[no-untyped-def]
    random = np.random.default_rng(1)
    chosen = digits[0][random.integers(0, 800, 500)]
    jittered = (chosen + random.normal(0, 12, chosen.shape)).clip(0, 255).astype(np.uint8)
    found = measured(jittered, digits)
    assert found.copies
    assert found.memorization_rate > 0.95
    assert found.distance_ratio < 0.6
    assert exact_copies(jittered, *digits[:2]).exact_copies == 0


@pytest.mark.parametrize("levels", [0, 3])
@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_the_share_of_copies_is_found(digits, share: float, levels: int) -> None:  # type: ignore[no-untyped-def]
    copies = round(share * 497)
    random = np.random.default_rng(3)
    copied = (digits[0][:copies] + random.normal(0, levels, digits[0][:copies].shape)).clip(0, 255).astype(np.uint8)
    found = measured(np.concatenate([copied, digits[2][: 497 - copies]]), digits)
    assert found.memorization_rate == pytest.approx(share, abs=3 * found.memorization_standard_error)
    assert found.near_copy_rate == pytest.approx(share, abs=0.03)
    assert found.copies


def test_images_that_coincide_by_chance_accuse_nobody() -> None:
    """Points of a mixture, in 8 bits, are often the same to the bit."""
    train, test = (
        (trompe.load_data(f"ring:{split}").images_as_floats().numpy() * 255).round().astype(np.uint8)
        for split in ("train", "test")
    )
    found = exact_copies(test[:4000], train, test[4000:])
    assert found.exact_copies > 100
    assert not found.copies


def test_an_honest_generator_is_not_accused(digits) -> None:  # type: ignore[no-untyped-def]
    found = measured(digits[2], digits)
    assert not found.copies
    assert abs(found.memorization_rate) < 4 * found.memorization_standard_error
    assert found.distance_ratio == pytest.approx(1, abs=0.1)
    assert not exact_copies(digits[2], *digits[:2]).copies
    assert found.near_copy_rate == pytest.approx(0.01, abs=4 * found.near_copy_standard_error)


def test_neither_is_one_that_makes_mean_images_or_noise(digits) -> None:  # type: ignore[no-untyped-def]
    """All of whose images are near the same few: those of training as often as their number says, each time anew."""
    random = np.random.default_rng(2)
    every = np.concatenate(digits)
    blurred = np.stack([every[random.integers(0, len(every), 8)].mean(0) for _ in range(400)]).astype(np.uint8)
    noise = random.integers(0, 256, (400, *digits[0].shape[1:]), np.uint8)
    flat_gray = np.full((400, *digits[0].shape[1:]), 128, np.uint8)
    for samples in (blurred, noise, flat_gray):
        for seed in range(6):  # whichever of the images near them were trained on
            mixed = np.random.default_rng(seed).permutation(np.concatenate(digits[:2]))
            assert not measured(samples, (mixed[:800], mixed[800:], digits[2])).copies


def test_one_image_jittered_over_and_over_is_a_copy(digits) -> None:  # type: ignore[no-untyped-def]
    random = np.random.default_rng(1)
    jittered = (digits[0][:1] + random.normal(0, 6, (300, *digits[0].shape[1:]))).clip(0, 255).astype(np.uint8)
    found = measured(jittered, digits)
    assert found.copies
    assert found.near_copy_rate == 1


def test_held_out_images_of_another_kind_accuse_nobody() -> None:
    """Trained on five digits, held out are the five others: new images of the first five are nearer to those."""
    data = trompe.load_data("digits:train")
    assert data.labels is not None
    known, unknown = data.images[data.labels < 5], data.images[data.labels >= 5]
    found = memorization(flat(known[400:]), flat(known[:400]), flat(unknown))
    assert not found.copies
    replayed = memorization(flat(known[:300]), flat(known[:400]), flat(unknown))
    assert replayed.distance_ratio == 0


def test_mirrored_copies_count_and_one_image_is_no_set(digits) -> None:  # type: ignore[no-untyped-def]
    assert exact_copies(digits[0][:5, :, :, ::-1], *digits[:2]).exact_copies == 5
    with pytest.raises(TrompeError, match="fewer than two images"):
        memorization(flat(digits[0][:1]), flat(digits[0]), flat(digits[1]))


def test_the_most_copied_are_named_with_their_sources(vae_run: trompe.Run) -> None:
    """Through `evaluate_samples`, on half copies."""
    from trompe.measures.evaluate import evaluate_samples

    train, test = trompe.load_data("digits:train"), trompe.load_data("digits:test")
    half = np.concatenate([test.images[:40], train.images[100:140]])
    result, image = evaluate_samples(
        Samples(half, "half"), test, lambda: (train, test), measures=["memorization"], features="pixels"
    )
    for pair in result.values["nearest_copies"]:
        assert pair["sample"] - 40 + 100 == pair["source"]
    assert result.values["copies"]
    assert result.values["exact_copies"] == 40
    assert image is not None
