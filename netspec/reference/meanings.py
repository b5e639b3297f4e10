"""What parameters are that mean the same wherever they stand; others are described by the class's docstring."""

from __future__ import annotations

MEANINGS = {
    "kernel": "size of the window",
    "stride": "distance between windows",
    "padding": "positions added before and after each axis",
    "dilation": "distance between the elements of a window",
    "groups": "parts that the channels are split into, each of which is for itself",
    "bias": "whether a trainable constant is added to each channel",
    "eps": "added to a variance, so that no division is by zero",
    "momentum": "share of each batch in the running statistics; a momentum of 0.99 in Keras or TensorFlow is 0.01 here",
    "affine": "whether a trainable factor and constant follow for each channel",
    "norm": "the normalisation after each convolution: a word, a word with parameters, or `none`",
    "activation": "the activation: a word, a word with parameters, or `none`",
    "shortcut": "what stands on the path beside: the input itself, padded with zeros, or a 1x1 convolution",
}
"""Parameter -> what it is."""
OTHERWISE = {"out": "channels of the output"}
"""The same where the docstring does not mention the parameter."""
