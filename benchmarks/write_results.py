"""Write docs/results.md from the JSON that runs and benchmarks printed.

    python benchmarks/write_results.py

Every measured value in the page comes from a file in docs/results, and a published one from the recipe beside which it
stands. Only what belongs to no recipe is written here, with its protocol, and the words around the tables.
"""

from __future__ import annotations

from collections.abc import Iterable

from records import Entry, Rows, command, machine, plus_minus, protocol, published, read, table, took, values
from reporting import RESULTS
from results_adversarial import adversarial
from results_autoencoders import autoencoders
from results_gallery import gallery
from results_measures import measures

from trompe.measures.latents import ACTIVE_NATS

HEAD = """# Results

Written by `benchmarks/write_results.py` from the JSON in `docs/results`. Each value stands with its command, its
machine and its protocol; a published value beside it is of the same protocol unless the text says otherwise. The values
of a trained run are those of `trompe evaluate` after its last step. `$TROMPE_DATA` is the folder of your datasets;
commands that begin with `python benchmarks/` or `pytest` are run in a checkout of the repository, set up as
`benchmarks/README.md` says. `celeba-4k.zip` holds the first 4,000 aligned faces of CelebA and
`galaxies-sdss-200.zip` 200 galaxies of SDSS, both as JPEG: neither is fetched, and any folder or zip of images may take
its place."""


def main() -> None:
    sections = (
        autoencoders,
        likelihoods,
        adversarial,
        gallery,
        measures,
        throughput,
        accelerator,
        startup,
        explorer,
        packing,
        color_images,
        resuming,
    )
    parts = [HEAD, *(part for section in sections for part in section())]
    (RESULTS.parent / "results.md").write_text("\n\n".join(parts) + "\n")


def active_dimensions(entry: Entry) -> str:
    kl = values(entry)["kl_per_dimension"]
    return f"{sum(one > ACTIVE_NATS for one in kl)} of {len(kl)}"


def likelihoods() -> Iterable[str]:
    """Bounds on MNIST."""
    if not (entries := read("vae-mnist", "vae-mnist-2d", "vae-mnist-gated")):
        return
    yield "## MNIST: bounds on the log-likelihood"
    yield (
        "Nats per image of the test set; higher is better. The IWAE bound has K importance samples per image, and "
        "stands with its standard error over images. Likelihoods of gray levels as Bernoulli means and of binarized "
        f"images do not compare. A latent dimension is active if its mean KL is above {ACTIVE_NATS} nats."
    )
    rows: Rows = []
    for entry in entries:
        found = values(entry)
        samples = f"{found['importance_samples']:,}"
        bound = plus_minus(found["iwae_bound"], found["iwae_standard_error"], 2)
        levels, dimensions = protocol(entry, "likelihood")["levels"], active_dimensions(entry)
        images = f"{found['images']:,}"
        rows.append(
            (command(entry), levels, f"{found['elbo']:.2f}", bound, samples, images, dimensions, took(entry)),
        )
    head = ("command", "levels", "ELBO", "IWAE bound", "K", "images", "active latent dimensions", "training")
    yield table(head, rows)
    yield "Published, on the whole test set, binarized dynamically:"
    gated, iwae, burda = published("vae-mnist-gated"), published("iwae-mnist"), "Burda et al. 2016, table 1"
    rows = [
        ("VAE, one layer, tanh 2x200, 50 latent dimensions", "-86.76", "K = 5,000", burda),
        ("the same as IWAE, trained with K = 5", f"{iwae.value:.2f}", "K = 5,000", burda),
        ("the same as IWAE, trained with K = 50", "-84.78", "K = 5,000", burda),
        ("VAE, gated MLP 2x300, 40 latent dimensions, KL warm-up", f"{gated.value:.2f}", "K = 5,000", gated.source),
        ("VAE, residual convolutions, 32 latent dimensions", "-81.08", "K = 128", "Kingma et al. 2016, table 1"),
    ]
    yield table(("model", "log p(x)", "estimate", "source"), rows)
    yield machine(entries[-1]["machine"])


def throughput() -> Iterable[str]:
    """Training throughput, and that it is the same work."""
    for result in read("throughput"):
        yield "## Training throughput"
        yield (
            f"{command(result)}: the same MLP VAE on MNIST (784-500-20-500-784, batch {result['batch']}, Adam, "
            f"constant learning rate), trained by each in turn, {result['rounds']} rounds of {result['steps']} steps, "
            "so that a machine whose speed drifts slows all alike. Medians over the rounds; ratios are taken within "
            "each. The test loss (gray levels as Bernoulli means, one latent per image, nats per image) after "
            f"{result['check_steps']:,} steps shows that it is the same work. `bound` is the float32 matrix products "
            "of a step and nothing else."
        )
        rates, ratios, losses = result["images_per_second"], result["ratio"], result["test_loss"]
        against = [name for name in ("textbook", "pythae", "bound") if name in rates]
        rows: Rows = []
        for name, rate in rates.items():
            loss = f"{losses[name]:.2f}" if name in losses else ""
            rows.append((name, f"{rate:,.0f}", *(f"{ratios[name][other]:.2f}" for other in against), loss))
        yield table(("", "images/s", *(f"/ {name}" for name in against), "test loss"), rows)
        yield machine(result["conditions"])


def accelerator() -> Iterable[str]:
    """Steps on a GPU, and a training of some minutes there."""
    for result in read("accelerator"):
        yield "## On a GPU"
        yield (
            f"{command(result)}: whole steps on noise, with the gathering of the batch and all noise, recorded as CUDA "
            "graphs and replayed, and one kernel at a time. The textbook's loop is a DataLoader, float32, "
            "`torch.optim.Adam` and `loss.item()`. The share is of the fastest product of two large matrices on the "
            "device; operations are those of matrix products and convolutions."
        )
        rows: Rows = []
        for row in result["speed"]:
            textbook = row.get("textbook_steps_per_second")
            ratios = [row["steps_per_second"] / other for other in (row["eager_steps_per_second"], textbook) if other]
            rows.append(
                (f"`{row['recipe']}`", row["batch"], row["precision"], f"{row['steps_per_second']:,.0f}",
                 f"{row['images_per_second']:,.0f}", *(f"{one:.1f}" for one in ratios), *[""] * (2 - len(ratios)),
                 f"{row['bound_share']:.3f}")
            )  # fmt: skip
        yield table(
            ("recipe", "batch", "precision", "steps/s", "images/s", "/ one by one", "/ textbook", "share"), rows
        )
        yield machine(result["conditions"])
    for result in read("accelerator-cifar10"):
        found, measured = result["training"], values(result)
        seen, protocol_of = found["step"] * found["batch"], protocol(result, "fid")
        yield (
            f"{command(result)}: {found['step']:,} steps, {seen / 1e6:.1f} million images, in "
            f"{found['minutes']:.1f} minutes on the same GPU. FID {measured['frechet_distance']:.2f} of "
            f"{protocol_of['samples']:,} samples against the {protocol_of['against']:,} test images; published in "
            "StudioGAN's table, by the same protocol, 49.0 for DCGAN and 21.7 for SNGAN after full training. "
            f"Memorization: {measured['exact_copies']} exact copies, a distance ratio of "
            f"{measured['distance_ratio']:.3f} (about 1 for an honest model)."
        )
        yield "![Samples of the GAN trained on a GPU](pictures/samples-cifar10-gpu.png)"


def explorer() -> Iterable[str]:
    """Latency and load of the explorer."""
    if not (pages := list(read("explorer-page-mnist", "explorer-page-faces", "explorer-page-cifar10"))):
        return
    yield "## The explorer"
    yield (
        f"{command(pages[0])}, and likewise for the others: from a move of the pointer over the map to its image, in "
        "headless Chromium, which shares the machine with the server. A static page computes in the visitor's browser, "
        "by WebAssembly. A visitor downloads what the map needs until its first image, here without compression. "
        "`map` is a `vae-mnist-2d`, `faces` a `vae` of 64x64 color images with 64 latent dimensions, `gpu-cifar` the "
        "GAN that was trained on a GPU."
    )
    rows: Rows = []
    for page in pages:
        times = [
            f"{page['engines'][engine][name]:.0f}"
            for engine in ("served", "static")
            for name in ("median_ms", "p99_ms")
        ]
        sizes = [f"{page[name] / 1e6:.0f} MB" for name in ("site_bytes", "downloaded_bytes")]
        rows.append((f"`{page['run']}`", *times, *sizes))
    yield table(("run", "served, median ms", "p99", "static, median ms", "p99", "static site", "downloaded"), rows)
    for result in read("explorer-mnist", "explorer-faces"):
        yield (
            f"{command(result)}: one latent decoded by the server, over loopback; clients move their pointers at most "
            "60 times a second, and beside tiles another client asks for 400 images at a time without a pause."
        )
        rows = [
            (
                name,
                f"{one['median_ms']:.1f}",
                f"{one['p99_ms']:.1f}",
                f"{one['requests_per_second']:,.0f}",
                str(one["errors"]),
            )
            for name, one in result["cases"].items()
        ]
        yield table(("", "median ms", "p99 ms", "requests/s", "errors"), rows)
        yield machine(result["conditions"])


def startup() -> Iterable[str]:
    """Start-up and memory."""
    for result in read("startup"):
        yield "## Start-up and memory"
        yield f"{command(result)}: fresh processes, medians of {result['runs']}."
        rows = [
            (f"`{name}`", f"{seconds:.2f} s", f"{result['peak_bytes'][name] / 2**20:,.0f} MiB")
            for name, seconds in result["seconds"].items()
        ]
        yield table(("process", "wall time", "peak memory"), rows)
        yield machine(result["conditions"])


def packing() -> Iterable[str]:
    """Packing your own images."""
    if not (results := read("packing-faces", "packing-galaxies")):
        return
    yield "## Packing images"
    yield (
        "Decoding and scaling to 64x64, against a single-threaded loop over PIL on the same files, as it is usually "
        "written and with `draft`, which lets JPEG decode at a smaller scale."
    )
    rows: Rows = []
    for result in results:
        rate, ratio = result["images_per_second"]["trompe"], result["ratio"]["trompe"]
        ratios = (f"{ratio['PIL']:.2f}", f"{ratio['PIL, draft']:.2f}")
        rows.append((command(result), f"{result['images']:,}", f"{rate:,.0f}", *ratios))
    yield table(("command", "images", "images/s", "/ PIL", "/ PIL, draft"), rows)
    yield machine(results[0]["conditions"])


def color_images() -> Iterable[str]:
    """Runs on images from a zip."""
    if not (entries := read("faces", "tiny-imagenet")):
        return
    yield "## Color images of 64x64"
    yield (
        "The generic recipe `vae` on images from a zip, measured on the tenth of them that is held out (for Tiny "
        "ImageNet, of which the zip had the first 26 training images of each class, on 600 of its validation images). "
        "The ELBO is of a density of gray levels in [0, 1], so it is positive. No published value is of this protocol."
    )
    rows: Rows = []
    for entry in entries:
        error, elbo = f"{values(entry)['squared_error']:.1f}", f"{values(entry)['elbo']:,.0f}"
        count, dimensions = f"{entry['train_count']:,}", active_dimensions(entry)
        rows.append((command(entry), count, error, elbo, dimensions, took(entry)))
    head = ("command", "training images", "squared error per image", "ELBO, nats per image")
    yield table((*head, "active latent dimensions", "training"), rows)
    yield machine(entries[0]["machine"])


def resuming() -> Iterable[str]:
    """The kill test's own words."""
    for result in read("kills"):
        yield "## Killed and resumed"
        yield (
            f"{command(result)}: a training in processes that are killed by SIGKILL at random moments, each of which "
            "writes its state after every step, and one that is not disturbed."
        )
        yield f"> {result['printed']}"


if __name__ == "__main__":
    main()
