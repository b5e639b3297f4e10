"""A network in a LightningModule.

Lightning is installed beside torch, not with it:

pip install --no-deps pytorch-lightning lightning-utilities torchmetrics
"""

from __future__ import annotations

import pytorch_lightning as lightning
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import netspec
from netspec.weights.transfer import LoadedWeights


class Classifier(lightning.LightningModule):
    """Any network that ends in classes."""

    def __init__(self, spec: str) -> None:
        super().__init__()
        self.model = netspec.compile(spec)

    def training_step(self, batch: list[torch.Tensor]) -> torch.Tensor:
        """The loss of a batch."""
        images, classes = batch
        return nn.functional.cross_entropy(self.model(images), classes)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Plain gradient descent."""
        return torch.optim.SGD(self.parameters(), lr=0.01)


def main(spec: str = "resnet20", size: tuple[int, ...] = (3, 32, 32)) -> LoadedWeights:
    """Train for an epoch, and load the checkpoint that Lightning wrote into a network without it."""
    data = TensorDataset(torch.randn(8, *size), torch.randint(10, (8,)))
    trainer = lightning.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_progress_bar=False, enable_model_summary=False
    )
    trainer.fit(Classifier(spec), DataLoader(data, batch_size=4))
    trainer.save_checkpoint("trained.ckpt")
    return netspec.load_weights(netspec.compile(spec), "trained.ckpt")


if __name__ == "__main__":
    print(main())  # noqa: T201 - a script
