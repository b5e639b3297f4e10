"""Images from files: as a network reads them, or refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from netspec.errors.problem import SpecError
from netspec.nn.images import Normalisation, folder, read, readable, refuse_other_inputs


def saved(path: Path, mode: str, size: tuple[int, int], colour: object, **how: object) -> Path:
    """An image of one colour."""
    Image.new(mode, size, colour).save(path, **how)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    ("mode", "colour", "shape", "expected"),
    [
        ("L", 51, (1, 4, 4), [0.2]),
        ("L", 51, (3, 4, 4), [0.2] * 3),
        ("RGB", (255, 0, 51), (3, 4, 4), [1, 0, 0.2]),
        ("RGB", (255, 0, 0), (1, 4, 4), [76 / 255]),
        ("RGBA", (9, 9, 9, 0), (3, 4, 4), [1] * 3),
        ("LA", (0, 0), (1, 4, 4), [1]),
        ("1", 1, (1, 4, 4), [1]),
        ("I;16", 51 * 256, (1, 4, 4), [0.2]),
    ],
)
def test_images_become_what_a_network_reads(
    mode: str, colour: object, shape: tuple[int, ...], expected: list[float], tmp_path: Path
) -> None:
    """Grey is repeated, colours become luma, what is transparent is white, of 16 bits the upper ones count."""
    found = read(saved(tmp_path / "a.png", mode, (4, 4), colour), shape)

    assert tuple(found.pixels.shape) == shape
    assert (found.pixels[:, 1, 2] / 255).tolist() == pytest.approx(expected)
    assert found.was[1:] == (4, 4)


@pytest.mark.parametrize(
    ("mode", "colour"), [("LAB", (255, 128, 128)), ("CMYK", (0, 0, 0, 0)), ("YCbCr", (255, 128, 128)), ("P", 0)]
)
def test_other_ways_to_write_colours_are_read_in_grey_too(mode: str, colour: object, tmp_path: Path) -> None:
    """White in CIELAB, of inks, as luma and by a palette is white for each network."""
    image = Image.new(mode, (4, 4), colour)
    if mode == "P":
        image.putpalette([255] * 3)
    image.save(tmp_path / "a.tif")

    for channels in (1, 3):
        assert read(tmp_path / "a.tif", (channels, 4, 4)).pixels.min() >= 254


def test_the_middle_of_an_image_of_another_shape_is_kept(tmp_path: Path) -> None:
    """A wide image is scaled to the height that is read and cut on both sides alike, and that is told."""
    image = Image.new("L", (40, 10))
    image.paste(255, (13, 0, 27, 10))
    image.save(tmp_path / "wide.png")

    found = read(tmp_path / "wide.png", (1, 5, 5))

    assert found.pixels.min() == 255
    assert found.changed == "1x10x40 -> 1x5x5"
    assert read(tmp_path / "wide.png", (1, 10, 40)).changed == ""


def test_photographs_are_turned_upright(tmp_path: Path) -> None:
    """The orientation that a camera notes is followed."""
    exif = Image.Exif()
    exif[0x0112] = 6
    saved(tmp_path / "a.jpg", "L", (8, 4), 0, exif=exif)

    assert read(tmp_path / "a.jpg", (1, 8, 4)).was == (1, 8, 4)


def test_what_is_no_image_is_named(tmp_path: Path) -> None:
    """Of images among others the good ones are read, and each other is a problem with its name and the reason."""
    good = saved(tmp_path / "good.png", "RGB", (64, 64), (1, 2, 3))
    (tmp_path / "half.png").write_bytes(good.read_bytes()[:60])
    (tmp_path / "notes.txt").write_text("no image", encoding="utf-8")
    saved(tmp_path / "fractions.tif", "F", (4, 4), 0.5)
    names = ["good.png", "half.png", "notes.txt", "fractions.tif", "absent.png"]

    found, problems = readable([tmp_path / name for name in names], (3, 8, 8))

    assert [one.path.name for one in found] == ["good.png"]
    assert [problem.code for problem in problems] == ["bad-image"] * 3 + ["missing-file"]
    assert all(name in problem.message for name, problem in zip(names[1:], problems, strict=True))
    assert "no image of a format that Pillow knows" in problems[1].message
    assert "fractions" in problems[2].message


def test_images_that_unpack_to_too_much_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An image of more pixels than Pillow thinks safe is refused before it is unpacked."""
    path = saved(tmp_path / "large.png", "L", (64, 64), 0)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3000)

    with pytest.raises(SpecError, match="DecompressionBomb"):
        read(path, (1, 8, 8))


def test_networks_that_read_no_images_are_refused() -> None:
    """Volumes, flat features and two channels are no image; one and three channels are."""
    refuse_other_inputs("net", (1, 28, 28))
    refuse_other_inputs("net", (3, 28, 28))
    for shape in ((3, 16, 28, 28), (100,), (2, 28, 28)):
        with pytest.raises(SpecError, match="no image"):
            refuse_other_inputs("net", shape)


def test_the_usual_normalisation_is_that_of_imagenet_for_colours() -> None:
    """Colours lose ImageNet's mean and are divided by its deviation; grey stays as it is."""
    import torch

    pixels = torch.full((2, 3, 4, 4), 0.485)

    assert Normalisation.usual(3)(pixels)[0, 0].abs().max() == 0
    assert Normalisation.usual(3)(pixels)[0, 1, 0, 0].item() == pytest.approx((0.485 - 0.456) / 0.224)
    assert torch.equal(Normalisation.usual(1)(pixels[:, :1]), pixels[:, :1])


def test_a_folder_has_its_images_in_order(tmp_path: Path) -> None:
    """Folders are searched to the bottom; what ends as no image is left out."""
    (tmp_path / "b").mkdir()
    for name in ("b/2.png", "b/10.PNG", "a.jpg", "readme.txt"):
        (tmp_path / name).touch()

    assert [str(path.relative_to(tmp_path)) for path in folder(tmp_path)] == ["a.jpg", "b/10.PNG", "b/2.png"]
