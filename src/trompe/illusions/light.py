"""Light: the sRGB transfer functions, estimates of the illuminant, and the von Kries law that discounts it.

Estimates and corrections are of linear light, in which illumination multiplies. An illuminant is what a white surface
would send under it, `(red, green, blue)`; neutral light is `(1, 1, 1)`, and estimates, whose strength an image does not
tell, have its Euclidean norm.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, UInt8
from scipy.ndimage import gaussian_filter, gaussian_gradient_magnitude

from ..errors import TrompeError

Stored = UInt8[np.ndarray, "_height _width 3"]
Linear = Float[np.ndarray, "_height _width 3"]
Illuminant = Float[np.ndarray, "3"]


def linear(stored: Stored) -> Linear:
    """Bytes of sRGB as linear light in [0, 1] (IEC 61966-2-1).

    With v = stored / 255: v / 12.92 up to 0.04045, else ((v + 0.055) / 1.055) ** 2.4.
    """
    value = stored / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def stored(light: Linear) -> Stored:
    """Linear light, clipped to [0, 1], as bytes of sRGB: the inverse of `linear`, rounded."""
    light = np.clip(light, 0, 1)
    value = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * value).astype(np.uint8)


def corrected(light: Linear, illuminant: Illuminant) -> Linear:
    """An image as it would be under neutral light, by von Kries' law (1902): each channel divided by the illuminant's.

    corrected_c(x) = light_c(x) / illuminant_c. Not clipped: `stored` does that.
    """
    return light / illuminant


def relit(light: Linear, illuminant: Illuminant) -> Linear:
    """An image of neutral light as it would be under this illuminant: the inverse of `corrected`."""
    return light * illuminant


def estimate(light: Linear, order: int = 0, norm: float = 1, sigma: float = 0) -> Illuminant:
    """The illuminant by an assumption about the average of a scene (van de Weijer, Gevers & Gijsenij 2007, eq. 14):

    k e_c = ( mean over x of | d^n (G_sigma * light_c)(x) / dx^n | ** p ) ** (1 / p)

    where `G_sigma` is a Gaussian. The four functions below are its cases.

    Args:
        order: n, of the derivative: 0, or 1 for the magnitude of the gradient.
        norm: p, of the Minkowski mean; `math.inf` takes the maximum.
        sigma: of the Gaussian, in pixels; 0 for none, which has no derivative.

    Returns:
        The illuminant with the norm of (1, 1, 1), which it also is where the image has nothing to tell it by.

    Raises:
        TrompeError: an argument is out of range.
    """
    if order not in (0, 1):
        raise TrompeError(f"a derivative of order {order} is unknown here", hint="known: 0, 1")
    if not norm >= 1 or not sigma >= 0 or (order == 1 and sigma == 0):
        wrong = f"cannot take the norm {norm:g} at sigma {sigma:g}"
        raise TrompeError(wrong, hint="norms start at 1, and a derivative needs a sigma above 0")
    if order == 1:
        channels = [gaussian_gradient_magnitude(light[..., c], sigma, mode="nearest") for c in range(3)]
    else:
        channels = [gaussian_filter(light[..., c], sigma, mode="nearest") if sigma else light[..., c] for c in range(3)]
    values = np.stack([channel.ravel() for channel in channels], axis=1)
    largest = values.max(axis=0)
    if math.isinf(norm):
        return _of_neutral_norm(largest)
    scaled = values / np.where(largest > 0, largest, 1)  # so that no power overflows, or all of them vanish
    return _of_neutral_norm(largest * (scaled**norm).mean(axis=0) ** (1 / norm))


def _of_neutral_norm(direction: Illuminant) -> Illuminant:
    length = np.linalg.norm(direction)
    return direction * (math.sqrt(3) / length) if length > 1e-9 else np.ones(3)


def gray_world(light: Linear) -> Illuminant:
    """The mean of a scene is gray (Buchsbaum 1980): k e_c = mean of light_c."""
    return estimate(light)


def white_patch(light: Linear) -> Illuminant:
    """The brightest of each channel is from a white surface (max-RGB; Land 1977): k e_c = max of light_c."""
    return estimate(light, norm=math.inf)


def shades_of_gray(light: Linear, norm: float = 6) -> Illuminant:
    """Between the two (Finlayson & Trezzi 2004): k e_c = (mean of light_c ** p) ** (1 / p), best at p = 6."""
    return estimate(light, norm=norm)


def gray_edge(light: Linear, norm: float = 1, sigma: float = 1) -> Illuminant:
    """The mean difference between neighbors is gray (van de Weijer et al. 2007): k e_c = (mean of |grad light_c| ** p)
    ** (1 / p), of the image smoothed by a Gaussian.
    """
    return estimate(light, order=1, norm=norm, sigma=sigma)


ESTIMATES = {
    "gray world": gray_world,
    "white patch": white_patch,
    "shades of gray": shades_of_gray,
    "gray edge": gray_edge,
}


def angular_error(one: Illuminant, other: Illuminant) -> float:
    """The angle between two illuminants in degrees, which ignores their strengths."""
    one, other = one / np.linalg.norm(one), other / np.linalg.norm(other)
    return math.degrees(2 * math.atan2(float(np.linalg.norm(one - other)), float(np.linalg.norm(one + other))))
