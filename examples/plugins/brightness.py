"""A measure of your own: how bright samples are. `trompe --plugin brightness.py evaluate RUN --measures brightness`."""

from trompe.measures import Measured, Subject, measure


@measure(
    "brightness",
    "mean brightness of samples against data",
    ("samples", "images of the data"),
    {"brightness_difference": "mean gray level of samples less that of data, on the [0, 1] scale"},
)
def brightness(subject: Subject) -> Measured:
    samples, data = (one.images_as_floats().mean() for one in (subject.samples, subject.test))
    return Measured({"brightness_difference": float(samples - data)}, {"samples": len(subject.samples)})
