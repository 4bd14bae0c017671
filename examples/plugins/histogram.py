"""A figure of your own: a histogram of latents. `trompe --plugin histogram.py figure latent-histogram RUN`."""

from matplotlib.figure import Figure

from trompe.figures import Request, figure


@figure(
    "latent-histogram",
    "Latent histogram",
    "How often each value occurs in the latents of test images.",
    requires=("encoder",),
    in_report=True,
)
def latent_histogram(request: Request) -> Figure:
    drawn = Figure(figsize=(5, 3), layout="constrained")
    axes = drawn.subplots()
    axes.hist(request.run.encode(request.data).flatten().numpy(), bins=60)
    axes.set(xlabel="latent", ylabel="count")
    return drawn
