"""Families of models, one file each. Importing them does not import torch."""

from .aae import AAE
from .autodecoder import Autodecoder
from .autoencoder import Autoencoder
from .base import FAMILIES, Family, family
from .bigan import BiGAN
from .classifier import Classifier
from .denoising import DenoisingAutoencoder
from .gan import GAN
from .pca import PCA
from .stacked import StackedAutoencoder
from .vae import VAE
from .vae_gan import VAEGAN

__all__ = [
    "AAE",
    "FAMILIES",
    "GAN",
    "PCA",
    "VAE",
    "VAEGAN",
    "Autodecoder",
    "Autoencoder",
    "BiGAN",
    "Classifier",
    "DenoisingAutoencoder",
    "Family",
    "StackedAutoencoder",
    "family",
]
