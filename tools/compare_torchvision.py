"""Every network of torchvision that ships: its own weights load strictly, and outputs are equal to the last bit.

    python tools/compare_torchvision.py                  # all, some minutes
    python tools/compare_torchvision.py 'regnet*' vgg16

The weights are first those that torchvision starts to train with, then random ones that no start gives, statistics of
batch norm among them; eval mode, float32 on the CPU, small images where the network allows them.
"""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from bench_peers import torchvision  # noqa: E402 - found by the paths above
from oracle import randomised  # noqa: E402 - as above
from torchvision_networks import NAMES, QUICK, WITH_AUX, of_pattern, original, tensors  # noqa: E402 - as above

import netspec  # noqa: E402 - as above


def differences(name: str, *, aux: bool = False) -> list[str]:
    """What is wrong with one network, with its second head if ``aux`` says so; nothing if all is well."""
    torch: Any = import_module("torch")
    size = of_pattern(name, QUICK)
    image = torch.randn(1, *size, generator=torch.Generator().manual_seed(6))
    torch.manual_seed(0)
    theirs = original(name, torchvision(), drawn=True, aux=aux)
    parameters: dict[str, Any] = {"aux": True} if aux else {}
    ours = netspec.compile(name, input=size, device="meta", **parameters).eval()
    found = []
    for weights in ("started", "random"):
        if weights == "random":
            theirs = randomised(theirs, torch)
        ours.load_state_dict(theirs.state_dict(), strict=True, assign=True)
        with torch.inference_mode():
            pairs = list(zip(tensors(ours(image)), tensors(theirs(image)), strict=True))
            if not all(torch.equal(*pair) for pair in pairs):
                found.append(f"outputs with {weights} weights differ")
    return found


def main() -> int:
    """Compare the networks that fit the patterns given, or all; 1 if any differs."""
    patterns = sys.argv[1:] or ["*"]
    names = [name for name in NAMES if any(fnmatchcase(name, pattern) for pattern in patterns)]
    failed = 0
    for name in names:
        wrong = differences(name)
        wrong += [f"with aux, {one}" for one in differences(name, aux=True)] if name in WITH_AUX else []
        failed += bool(wrong)
        print(f"{name}: {'; '.join(wrong) or 'equal'}", flush=True)
    print(f"{len(names) - failed} of {len(names)} networks are equal")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main())
