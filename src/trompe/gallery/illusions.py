"""Entries of the lecture's part E: color constancy."""

from __future__ import annotations

from collections.abc import Iterator

from ..display.grid import png
from ..experiments import Value
from ..figures.table import encoded
from ..illusions import dress_figure, illuminants_figure, no_red_figure
from .table import Item, Picture, entry
from .work import Work


@entry(
    "E1",
    "This image has no red pixels",
    "The strawberries look red, and no pixel is: cut out on white, the same patches are gray. The eye discounts the "
    "cyan light that everything else is seen in.",
    source="Kitaoka's strawberries",
    commands=("trompe illusion no-red --out no-red.png", "trompe illusion no-red photo.jpg --out mine.png"),
    protocol="A pixel is red where its red channel exceeds the green and the blue one, in stored levels.",
)
def no_red(work: Work) -> Iterator[Item]:
    found = no_red_figure()
    yield Picture("no-red.png", encoded(found.figure, ".png", 0), "An image, the same without red pixels, and patches.")
    yield Picture("image.png", png(found.image), "A still life without red pixels.", "The image alone.")
    for name in ("red_before", "red_after"):
        yield Value(f"red pixels, {'original' if name == 'red_before' else 'here'}", found.numbers[name])


@entry(
    "E2",
    "The dress: one image, two readings",
    "The pixels in the middle are the same for everyone. Whoever takes the light for a bluish shadow sees white and "
    "gold, whoever takes it for a warm, bright one sees blue and black.",
    commands=("trompe illusion dress --out dress.png", "trompe illusion illuminants photo.jpg"),
)
def dress(work: Work) -> Iterator[Item]:
    yield Picture("dress.png", encoded(dress_figure().figure, ".png", 0), "A dress, and two corrected readings of it.")
    drawn = encoded(illuminants_figure().figure, ".png", 0)
    yield Picture(
        "illuminants.png", drawn, "Four estimates of the light.", "What four classical estimates take the light for."
    )
