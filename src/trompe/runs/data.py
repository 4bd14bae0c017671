"""The samples of a run: those that it was made from, if they are still the same ones, and others in its form."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np

from ..data.load import canonical, everything, for_recipe, is_path
from ..data.samples import BYTES, Format, Samples, Splits
from ..errors import TrompeError
from ..files import expanded
from ..options.data import split_source
from ..options.names import ColorName
from ..terminal import note
from . import tensors
from .manifest import changes, manifest_of, read_manifest, trained_on
from .predictor import samples_of
from .record import Record

TEST_SAMPLES = "test-samples.safetensors"


class RunData:
    """Where a run's samples are, and whether they are the same.

    Attributes:
        source: a named set or a path: as recorded, or where the same samples were found later; `None` where they were
            given in Python and have no place.
        needs_labels: whether the model looks at labels, so that unknown classes are an error.
    """

    def __init__(self, folder: Path, record: Record, *, needs_labels: bool) -> None:
        self.folder, self.record, self.needs_labels = folder, record, needs_labels
        self.patches = record.recipe.data.patch.size > 0
        self.source = None if (folder / TEST_SAMPLES).exists() else record.recipe.data.source
        self.said: set[str] = set()

    @property
    def color(self) -> ColorName:
        return "gray" if self.record.data.format.shape[0] == 1 else "rgb"

    def samples(self, source: str | None, split: str) -> Samples:
        """Samples of a split in the run's form, their labels those of the run's classes of the same names.

        Args:
            source: a named set or a path, which may name the split; `None` for what the run was made from.
            split: `train`, `test`, or `all` that a source has.

        Raises:
            TrompeError: they cannot be read, are not those that the run was made from although they must be, or have
                unknown classes and the model needs labels.
        """
        if source is None:
            return self.labeled(self.own(split))
        name, named_split = split_source(source)
        if split == "all" and named_split is None:
            return self.labeled(everything(self.loaded(name)))
        if self.is_own(name):
            return self.labeled(self.own(named_split or split))
        loaded = self.loaded(name)
        if loaded.train.fingerprint == self.record.data.fingerprint:
            if self.moved:
                self.source = str(expanded(name).resolve()) if is_path(name) else name
            return self.labeled(self.unchanged(loaded, named_split or split))
        chosen = loaded.train if (named_split or split) == "train" else loaded.test
        if chosen is loaded.test:
            self.describe(name, loaded, whole=named_split is None)
        return self.labeled(chosen)

    def is_own(self, name: str) -> bool:
        if self.source is None or not is_path(self.source):
            return self.source is not None and canonical(name) == canonical(self.source)
        return is_path(name) and expanded(name).resolve() == Path(self.source).resolve()

    @property
    def moved(self) -> bool:
        """Whether nothing is where the run's samples were."""
        return self.source is not None and is_path(self.source) and not Path(self.source).exists()

    def own(self, split: str) -> Samples:
        """What the run was made from."""
        if self.source is None:
            return self.kept(split)
        if self.moved:
            raise TrompeError(
                f"the data of the run in `{self.folder}` are no longer at `{self.source}`",
                hint="say where they are now by `--data PLACE`, or move them back",
            )
        options = replace(self.record.recipe.data, source=self.source)
        found = for_recipe(options)
        if found.train.image_shape != self.record.data.format.shape:  # images of other sizes or colors were added
            found = self.loaded(self.source)
        return self.unchanged(found, split)

    def loaded(self, name: str) -> Splits:
        """Both splits of a source in the run's size and color; with its classes held out if that makes it the same."""
        options, known = self.record.recipe.data, self.record.data
        size, color = options.size, options.color
        if known.format.kind == "image":
            size, color = size if self.patches else (known.format.shape[1], known.format.shape[2]), self.color
        if known.levels is not None and len(known.levels) == 1:  # a range is one of integers and of floats alike
            options = replace(options, value_range=next(iter(known.levels.values())))
        options = replace(options, source=name, size=size, color=color)
        if options.limit is not None:  # it says which images of the run's own source were trained on
            limited = for_recipe(options)
            if self.is_own(name) or limited.train.fingerprint == known.fingerprint:
                return limited
            options = replace(options, limit=None)
        if options.hold_out == "classes":
            with suppress(TrompeError):  # it has no classes
                held = for_recipe(options)
                if self.is_own(name) or held.train.fingerprint == known.fingerprint:
                    return held
        options = replace(options, hold_out="as-given")
        if options.value_range and not self.is_own(name):
            with suppress(TrompeError):  # its samples have a range of their own, as images of 8 bits do
                return for_recipe(options)
            options = replace(options, value_range=None)
        return for_recipe(options)

    def unchanged(self, found: Splits, split: str) -> Samples:
        """A split of the run's own source. Training samples must be those that it was trained on. Test samples need not
        be those of then, but none that it was trained on is among them.
        """
        known, chosen = self.record.data, found.train if split == "train" else found.test
        same = found.train.fingerprint == known.fingerprint
        if same and (split == "train" or known.test_fingerprint in ("", found.test.fingerprint)):
            return chosen
        before = read_manifest(self.folder) if found.train.names else None
        counts = f"{known.train_count:,} + {known.test_count:,} -> {len(found.train):,} + {len(found.test):,} images"
        lines = changes(before, manifest_of(found, patches=self.patches)) if before else [f"train + test: {counts}"]
        which = "test" if same else "training"
        wrong = f"the {which} images of the run in `{self.folder}` are not those of its training any more"
        listed, hint = "\n  ".join([wrong, *lines]), f"bring `{self.source}` back as it was, or "
        if split == "train":
            raise TrompeError(listed, hint=f"{hint}train another run")
        hint += "give test images of another place by `--data`"
        if before is None and not same and is_path(str(self.source)):
            unknown = "and the run does not know which of the images now there it was trained on"
            raise TrompeError(f"{listed}\n{unknown}", hint=hint)
        learned = trained_on(before, chosen, patches=self.patches) if before else np.zeros(len(chosen), bool)
        if learned.all():
            raise TrompeError(f"{listed}\nand all its test images are now ones that it was trained on", hint=hint)
        left_out = f"\n  left out: {learned.sum():,} that it was trained on" if learned.any() else ""
        self.say(f"{listed}{left_out}")
        return chosen.take(np.flatnonzero(~learned)) if left_out else chosen

    def describe(self, name: str, loaded: Splits, *, whole: bool) -> None:
        """Say which part of another source is used, and how much of it the run was trained on."""
        test, count = loaded.test, len(loaded.train) + len(loaded.test)
        if before := loaded.report.get("scaled_from"):
            sizes = ("x".join(map(str, one)) for one in (before, test.image_shape[1:]))
            self.say(f"the images of `{name}` are scaled from {' to '.join(sizes)}, the run's size")
        if whole and is_path(name) and test.fingerprint != loaded.train.fingerprint:
            self.say(f"{len(test):,} test images of the {count:,} in `{name}` are used; the others are `{name}:train`")
        known = read_manifest(self.folder)
        if known and (learned := int(trained_on(known, test, patches=self.patches).sum())):
            self.say(f"{learned:,} of the {len(test):,} images in `{name}` are ones that the run was trained on")

    def labeled(self, data: Samples) -> Samples:
        """Samples with the run's labels, matched by the classes' names; with their own where none are needed."""
        names = self.record.data.format.class_names
        try:
            return data.with_classes(names)
        except TrompeError:
            if self.needs_labels:
                raise
            return data

    def kept(self, split: str) -> Samples:
        """The first test samples of a run that was given its samples in Python.

        Raises:
            TrompeError: the training samples are asked for, or what was kept is damaged.
        """
        if split == "train":
            raise TrompeError(
                f"the run in `{self.folder}` was given its samples in Python and keeps only some to test on",
                hint="give the training samples again",
            )
        path, known = self.folder / TEST_SAMPLES, self.record.data
        arrays = {name: tensor.numpy() for name, tensor in tensors.read_tensors(path).items()}
        try:
            found = samples_of(known.format, f"{known.source}:test", **arrays)
            check_kept(found, known.format)
        except tensors.DAMAGE as error:
            raise tensors.damaged(path, error) from error
        return found

    def say(self, text: str) -> None:
        """A note, once."""
        if text not in self.said:
            self.said.add(text)
            note(text)


def check_kept(found: Samples, form: Format) -> None:
    """Refuse arrays that are not samples of a format."""
    labels = np.zeros(len(found), np.int64) if found.labels is None else found.labels
    conditions = np.zeros((len(found), 1), np.uint8) if found.conditions is None else found.conditions
    if found.format != form or {len(labels), len(conditions)} != {len(found)} or len(found) == 0:
        raise ValueError("its arrays are not of the shapes of the run's samples")
    dtypes = [str(one.dtype) for one in (found.images, labels, conditions)]
    if dtypes != ["uint8" if form.value_range == BYTES else "float32", "int64", "uint8"] or labels.ndim != 1:
        raise ValueError(f"its arrays are of {', '.join(dtypes)}")
    if found.labels is not None and not 0 <= labels.min() <= labels.max() < form.num_classes:
        raise ValueError(f"its labels are not from 0 to {form.num_classes - 1}")
