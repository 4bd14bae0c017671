"""The explorer in a notebook, and the layers that its page shows."""

from __future__ import annotations

import base64
import re
import urllib.request

import numpy as np
import pytest
import torch

import trompe
from trompe.explorer.layers import MAPS, layers_of


def test_a_run_shows_its_page_in_a_notebook(vae_run: trompe.Run) -> None:
    page = vae_run.explore(height=500)
    shown = page._repr_html_()
    assert 'height="500"' in shown
    address = re.search(r'src="(http://127\.0\.0\.1:\d+/)"', shown)
    assert address is not None
    with urllib.request.urlopen(address[1]) as answer:
        policy = answer.headers["content-security-policy"]
        assert b"trompe" in answer.read()
    assert "frame-ancestors 'self' http://localhost:* http://127.0.0.1:*" in policy  # or the notebook could not show it
    assert vae_run.explore().address == page.address  # one server for each run


def test_layers_have_the_maps_that_they_make(gan_run: trompe.Run) -> None:
    predictor = gan_run.predictor
    image = torch.rand(1, *gan_run.model.image_shape)
    found = layers_of(predictor, image)
    networks = [one["network"] for one in found]
    assert networks == sorted(networks, key=["decoder", "discriminator"].index)
    convolutions = [one for one in found if "window" in one]
    assert convolutions
    first = next(one for one in convolutions if one["network"] == "discriminator")
    assert first["input"] == list(gan_run.model.image_shape)
    channels, height, width = first["output"]
    maps = np.frombuffer(base64.b64decode(first["maps"]), np.uint8).reshape(-1, height, width)
    assert len(maps) == min(channels, MAPS)
    layer = next(one for one in gan_run.model.discriminator.modules() if isinstance(one, torch.nn.Conv2d))
    expected = layer(2 * image - 1)[0, 0].detach()  # which is what networks see of images
    expected = (expected - expected.min()) / (expected.max() - expected.min()) * 255
    np.testing.assert_allclose(maps[0], expected, atol=0.51)
    assert first["window"]["kernel"] == list(layer.kernel_size)
    assert first["window"]["stride"] == list(layer.stride)


@pytest.mark.parametrize("name", ["vae_run", "gan_run"])
def test_every_layer_counts_its_parameters(name: str, request: pytest.FixtureRequest) -> None:
    run: trompe.Run = request.getfixturevalue(name)
    found = layers_of(run.predictor, torch.rand(1, *run.model.input_shape))
    assert sum(one["parameters"] for one in found) == sum(one.numel() for one in run.model.parameters())
