"""A model's weights in a folder of their own, which `trompe.load` opens, and which can be published as it is."""

from __future__ import annotations

from pathlib import Path

from ..files import write_bytes, write_json
from ..runs import tensors
from ..runs.predictor import CONFIG, Predictor

README = """# {recipe}

{title}, trained by [trompe](https://trompe.readthedocs.io) {version}: recipe `{recipe}`, data {data}, {step:,} steps.

```python
import trompe

model = trompe.load("FOLDER")  # or "hf:USER/NAME"
images = model.{verb}
```
"""


def export_weights(predictor: Predictor, folder: Path) -> list[Path]:
    """Write `weights.safetensors`, `config.json` with the recipe and the format of the data, and a `README.md`."""
    record = predictor.record.to_json()
    paths = [folder / CONFIG, folder / "weights.safetensors", folder / "README.md"]
    tensors.write_tensors(paths[1], predictor.model.state_dict(), {"run": record, "step": predictor.step})
    write_json(paths[0], record | {"step": predictor.step})
    text = README.format(
        recipe=predictor.recipe.name,
        title=predictor.recipe.family.title.capitalize(),
        version=record["trompe"],
        data=predictor.record.data.source,
        step=predictor.step,
        verb="sample(16)" if predictor.model.prior is not None else "reconstruct(images)",
    )
    write_bytes(paths[2], text.encode())
    return paths
