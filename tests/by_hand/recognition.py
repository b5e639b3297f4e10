"""Networks on one and three axes, and one with recurrent layers: of sounds, of films, of lines of text."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from torch import Tensor, nn
from torch.nn import functional


class M5(nn.Module):
    """Dai et al. 2016, table 1, as in PyTorch's tutorial on speech commands."""

    def __init__(self) -> None:
        super().__init__()
        widths = (1, 32, 32, 64, 64)
        for number, (before, out) in enumerate(pairwise(widths), 1):
            first = number == 1
            setattr(self, f"conv{number}", nn.Conv1d(before, out, 80 if first else 3, stride=16 if first else 1))
            setattr(self, f"bn{number}", nn.BatchNorm1d(out))
        self.fc1 = nn.Linear(64, 35)

    def forward(self, x: Tensor) -> Tensor:
        """N x 1 x samples to N x 35."""
        for number in (1, 2, 3, 4):
            x = functional.relu(getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(x)))
            x = functional.max_pool1d(x, 4)
        x = functional.avg_pool1d(x, x.shape[-1]).squeeze(-1)
        return functional.log_softmax(self.fc1(x), dim=1)


class C3D(nn.Module):
    """Tran et al. 2015, figure 3; ``features`` are those of the two hidden layers, ``read`` what the first reads."""

    def __init__(self, features: int, read: int) -> None:
        super().__init__()
        before = 3
        self.order: list[Any] = []
        for name, out in {"1": 64, "2": 128, "3a": 256, "3b": 256, "4a": 512, "4b": 512, "5a": 512, "5b": 512}.items():
            setattr(self, f"conv{name}", nn.Conv3d(before, out, 3, padding=1))
            self.order.append(f"conv{name}")
            if name[-1] != "a":
                self.order.append((1, 2, 2) if name == "1" else (2, 2, 2))
            before = out
        self.fc6, self.fc7, self.fc8 = (
            nn.Linear(read, features),
            nn.Linear(features, features),
            nn.Linear(features, 487),
        )

    def forward(self, x: Tensor) -> Tensor:
        """N x 3 x frames x H x W to N x 487."""
        for step in self.order[:-1]:
            x = functional.relu(getattr(self, step)(x)) if isinstance(step, str) else functional.max_pool3d(x, step)
        x = functional.max_pool3d(x, 2, padding=(0, 1, 1)).flatten(1)
        x = functional.dropout(functional.relu(self.fc6(x)), training=self.training)
        x = functional.dropout(functional.relu(self.fc7(x)), training=self.training)
        found: Tensor = self.fc8(x)
        return found


class BidirectionalLSTM(nn.Module):
    """A recurrent layer and a linear one at each position."""

    def __init__(self, read: int, hidden: int, out: int) -> None:
        super().__init__()
        self.rnn = nn.LSTM(read, hidden, bidirectional=True)
        self.embedding = nn.Linear(2 * hidden, out)

    def forward(self, x: Tensor) -> Tensor:
        """Positions x N x read to positions x N x out."""
        found: Tensor = self.embedding(self.rnn(x)[0])
        return found


class CRNN(nn.Module):
    """Shi et al. 2015, table 1, with the names that its usual implementation in torch has."""

    def __init__(self) -> None:
        super().__init__()
        cnn = nn.Sequential()
        before = 1
        pools = {0: nn.MaxPool2d(2), 1: nn.MaxPool2d(2)} | {at: nn.MaxPool2d(2, (2, 1), (0, 1)) for at in (3, 5)}
        for number, out in enumerate((64, 128, 256, 256, 512, 512, 512)):
            last = number == 6
            cnn.add_module(f"conv{number}", nn.Conv2d(before, out, 2 if last else 3, padding=0 if last else 1))
            if number in {2, 4, 6}:
                cnn.add_module(f"batchnorm{number}", nn.BatchNorm2d(out))
            cnn.add_module(f"relu{number}", nn.ReLU())
            if number in pools:
                cnn.add_module(f"pool{list(pools).index(number)}", pools[number])
            before = out
        self.cnn = cnn
        self.rnn = nn.Sequential(BidirectionalLSTM(512, 256, 256), BidirectionalLSTM(256, 256, 37))

    def forward(self, x: Tensor) -> Tensor:
        """N x 1 x 32 x width to N x 37 x positions."""
        x = self.cnn(x).squeeze(2).permute(2, 0, 1)
        found: Tensor = self.rnn(x).permute(1, 2, 0)
        return found
