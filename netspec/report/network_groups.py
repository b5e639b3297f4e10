"""What the networks that come with netspec brought: their files in groups, in the order in which the ideas came."""

from __future__ import annotations

GROUPS: dict[str, tuple[str, ...]] = {
    "Convolution and pooling": ("lenet5-1998", "lenet5", "lenet-caffe", "alexnet-2012", "alexnet", "zfnet"),
    "Depth by small windows": ("vgg16", "vgg"),
    "Convolutions of one position": ("nin", "nin-imagenet", "vgg16-gap", "squeezenet"),
    "Branches": (
        "googlenet-paper",
        "googlenet-naive",
        "googlenet",
        "bn-inception",
        "inception-v3",
        "inception-v4",
        "inception_resnet_v2",
    ),
    "Shortcuts": (
        "resnet50",
        "resnet",
        "plain20",
        "resnet20",
        "resnet-cifar",
        "preact_resnet",
        "wide_resnet",
        "wide_resnet-cifar",
        "resnext",
        "res2net",
        "fractalnet",
    ),
    "Dense connections": ("densenet121", "densenet", "densenet-cifar", "hardnet68"),
    "Deep aggregation": ("dla",),
    "Space and channels apart": ("xception", "mobilenet_v2", "mobilenet_v3", "shufflenet_v2", "ghostnet"),
    "Channels that are weighted": ("se_resnet", "se_resnext", "senet154", "sknet"),
    "Search and scaling": (
        "mnasnet",
        "nas-bench-macro",
        "efficientnet",
        "efficientnet_v2",
        "regnet",
    ),
    "Plainer again": ("repvgg",),
    "Convolutions as transformers are built": ("convnext",),
    "Outputs for every position": (
        "fcn",
        "unet",
        "deeplabv3",
        "deeplabv3_mobilenet_v3_large",
        "lraspp_mobilenet_v3_large",
        "fpn",
    ),
    "Video and sound": ("c3d", "video_resnet", "s3d", "m5"),
    "Images from noise": ("dcgan_generator", "dcgan_discriminator"),
}
"""What they brought -> the shipped files that did, by their names."""


def group_of(file: str) -> str:
    """The group of a shipped file."""
    return next(group for group, files in GROUPS.items() if file in files)
