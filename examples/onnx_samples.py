"""Samples from an exported model with onnxruntime alone: neither trompe nor PyTorch is imported.

trompe export runs/v --onnx exported
python examples/onnx_samples.py exported samples.png
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

COUNT, COLUMNS = 64, 8


def main() -> None:
    folder, out = Path(sys.argv[1]), sys.argv[2]
    model = json.loads((folder / "model.json").read_text())
    verb = model["verbs"]["sample"]
    session = onnxruntime.InferenceSession(folder / verb["file"])
    noise = np.random.default_rng(0).standard_normal((COUNT, *model["latent_shape"]), dtype=np.float32)
    inputs = {"noise": noise}
    if model["conditional"]:
        inputs["labels"] = np.arange(COUNT) % len(model["format"]["class_names"])
    (images,) = session.run([verb["output"]], inputs)
    levels = np.round(images * 255).astype(np.uint8)
    _, channels, height, width = levels.shape
    grid = levels.reshape(-1, COLUMNS, channels, height, width).transpose(0, 3, 1, 4, 2)
    Image.fromarray(grid.reshape(-1, COLUMNS * width, channels).squeeze()).save(out)


if __name__ == "__main__":
    main()
