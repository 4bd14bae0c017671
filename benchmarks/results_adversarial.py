"""The page's section on adversarial networks: encoders, classes, modes, inversion, CIFAR-10, speed."""

from __future__ import annotations

from collections.abc import Iterable

from records import Entry, Rows, command, machine, plus_minus, protocol, published, read, table, took, values


def adversarial() -> Iterable[str]:
    nearest, entries = read("bigan-nearest"), read("cgan-mnist", "stacked-mnist", "ring")
    if not nearest and not entries:
        return
    yield "## Adversarial networks"
    rows: Rows = [nearest_neighbor(entry) for entry in nearest]
    rows += [row for entry in entries for row in of_samples(entry)]
    yield table(("command", "measured", "published", "protocol", "training"), rows)
    yield machine([*nearest, *entries][0]["machine"])
    yield from inversion()
    yield from equal_time()
    for entry in read("adversarial"):
        rates = entry["images_per_second"]
        yield (
            f"**Training speed**: `{entry['recipe']}`, batches of {entry['batch']} at 32x32, {entry['precision']}: "
            f"{rates['trompe']:.0f} images/s, {entry['ratio']:.2f} times a textbook loop in float32 of the same "
            f"networks in the same run, and {entry['share_of_bound']:.0%} of the rate of a large matrix product. "
            f"{command(entry)}. {machine(entry['machine'])}"
        )


def nearest_neighbor(entry: Entry) -> tuple[object, ...]:
    """BiGAN's encoder, by the class of the nearest latent."""
    errors, known = {space: 1 - share for space, share in entry["accuracy"].items()}, published("bigan-mnist")
    return (
        command(entry),
        f"nearest-neighbor error {errors['latents']:.2%} (on pixels {errors['pixels']:.2%})",
        f"{known.value:.2%}: {known.protocol} ({known.source})",
        "latents of MNIST's 10,000 test images, among those of its 60,000 training images, by `benchmarks/nearest.py`",
        took(entry),
    )


def of_samples(entry: Entry) -> Iterable[tuple[object, ...]]:
    """Classes and modes of generated samples."""
    found = values(entry)
    if "class_accuracy" in found:
        taken = protocol(entry, "class-accuracy")
        by = f"{taken['samples']:,} samples, classified by `{taken['features']}` at step {taken['step']:,}"
        yield command(entry), f"class accuracy {found['class_accuracy']:.2%}", "", by, took(entry)
    if "modes_found" in found:
        taken = protocol(entry, "modes")
        modes = f"{found['modes_found']:,} of {found['modes']:,} modes, KL {found['mode_kl']:.3f} nats"
        if found["high_quality"] < 1:
            modes += f", {found['high_quality']:.1%} of the samples within three standard deviations of one"
        yield command(entry), modes, "", f"{taken['samples']:,} samples of `{taken['modes_of']}`", took(entry)


def inversion() -> Iterable[str]:
    if not (entries := read("invert-bigan", "invert-gan")):
        return
    yield (
        "**Inversion**: mean squared error per pixel of the latent found for images of MNIST's test set, by gradient "
        "descent from several latents of the prior, by the encoder, and by descent from the encoder's latent."
    )
    methods = ("descent", "encoder", "both")
    rows: Rows = []
    for entry in entries:
        found = entry["result"]
        errors = [found["mean_squared_error"].get(method) for method in methods]
        shown = ["-" if error is None else f"{error:.4f}" for error in errors]
        rows.append((command(entry), found["images"], f"{found['starts']} x {found['steps']}", *shown))
    yield table(("command", "images", "starts x steps", "descent", "encoder", "encoder, then descent"), rows)
    yield machine(entries[0]["machine"])


def equal_time() -> Iterable[str]:
    if not (entries := read("equal-lecture", "equal-dcgan", "equal-modern")):
        return
    rows: Rows = []
    for entry in entries:
        found, evaluation = values(entry), entry["evaluation"]
        seen = evaluation["step"] * entry["recipe"]["train"]["batch"]
        rate = plus_minus(found["memorization_rate"], found["memorization_standard_error"], 3)
        copies = "yes" if found["copies"] else "no"
        samples, distance = f"{protocol(entry, 'fid')['samples']:,}", f"{found['frechet_distance']:.1f}"
        rows.append((command(entry), took(entry), f"{seen:,}", distance, samples, copies, rate))
    taken, dcgan = protocol(entries[0], "fid"), published("dcgan-cifar10")
    yield (
        f"**CIFAR-10 at equal time**: FID of generated samples against the {taken['against']:,} test "
        f"images, resized `{taken['resize']}`, and memorization in pixels: `trompe evaluate RUN --measures fid "
        f"--samples {taken['samples']} --data cifar10:test`, where `RUN` is the folder that each training names. The "
        "moments of the test images came from a file, as `--save-moments cifar10-test.npz` beside such a command "
        "writes it and `--data cifar10-test.npz` reads it, which changes no value. The time is too short for each of "
        "them. "
        "Published, for 10,000 samples or more, other implementations of the Inception network, and trainings many "
        f"times as long: DCGAN {dcgan.value:.1f} and WGAN-GP 25.9 ({dcgan.source}), DCGAN 28.95 (mimicry)."
    )
    yield table(("command", "training", "images seen", "FID", "samples", "copies", "memorization rate"), rows)
    yield machine(entries[0]["machine"])
