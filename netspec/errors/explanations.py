"""What every code means, with an example of the mistake and its mend: for ``netspec explain`` and the docs."""

from __future__ import annotations

from typing import NamedTuple

from netspec.errors.codes import Code


class Explanation(NamedTuple):
    """One code in words."""

    meaning: str
    language: str
    example: str
    mend: str

    def text(self, code: Code) -> str:
        """As ``netspec explain`` prints it."""
        example = "\n".join(f"    {line}" for line in self.example.splitlines())
        return f"{code}: {self.meaning}\n\n{example}\n\n{self.mend}"


EXPLANATIONS: dict[Code, Explanation] = {
    "alias": Explanation(
        "A YAML alias refers to nothing, or to what it stands in.",
        "yaml",
        "a: *b",
        "Anchor the value first (`&b`), or write it out.",
    ),
    "arity": Explanation(
        "A layer reads more or fewer inputs than it takes.",
        "yaml",
        "sum: {relu: , from: [a, b]}",
        "Join the inputs first: `add: [a, b]`. With several inputs of a network the first layer says which it reads.",
    ),
    "bad-artefact": Explanation(
        "A file that should hold weights and a spec is truncated, foreign, or its weights do not fit its spec.",
        "python",
        'netspec.load("half.safetensors")',
        "Write it again with `netspec build`.",
    ),
    "bad-data": Explanation(
        "Images to train with are not sorted into classes, are fewer than a batch, or no plain arrays.",
        "sh",
        "netspec train lenet5 --data photographs/",
        "A folder has a folder for each class; an `.npz` file has the arrays `images` and `labels`.",
    ),
    "bad-image": Explanation(
        "A file that should hold an image is damaged, of a kind that Pillow does not know, or unpacks to too much.",
        "sh",
        "netspec see resnet18 --weights resnet18.pth --image notes.txt",
        "Name an image, such as a `.png` or `.jpg`; among many `--skip-unreadable` leaves such files out.",
    ),
    "bad-name": Explanation(
        "A name cannot be the path of a module, or has a meaning already.",
        "yaml",
        "forward: relu",
        "Choose another name: letters, digits and `_`, joined by dots.",
    ),
    "bias-before-norm": Explanation(
        "Warning. Only batch norm reads a layer that has a bias, and it takes every constant away again.",
        "yaml",
        "conv1: {conv: {out: 64, kernel: 3}}\nbn1: batch_norm",
        "`bias: false`; kept on purpose in VGG with batch norm, whose published weights have it.",
    ),
    "cycle": Explanation(
        "`from` names a layer that comes later, or the layer itself.",
        "yaml",
        "a: {add: [input, b]}\nb: relu",
        "A layer reads what stands before it; turn the wiring around.",
    ),
    "division-by-zero": Explanation(
        "An expression divides by zero.",
        "yaml",
        "out: 64 // $groups      # groups: 0",
        "Give the parameter another value, or a `min` in its declaration.",
    ),
    "duplicate-key": Explanation(
        "A key stands twice in one mapping; YAML would let the later one win silently.",
        "yaml",
        "a: relu\na: tanh",
        "Rename or remove one.",
    ),
    "duplicate-name": Explanation(
        "Two layers, or a layer and an input, would have one path.",
        "yaml",
        "a.b: relu\na: [tanh]",
        "Rename one.",
    ),
    "ended": Explanation(
        "One of several trainings has ended before its last epoch: most often for want of memory.",
        "sh",
        "netspec train vgg16 resnet50 --data photographs/ -o runs",
        "The same line with `--resume` goes on after its last whole epoch; `--processes 1` trains one after the other.",
    ),
    "equal-variants": Explanation(
        "Warning. Two variants, or a variant and the spec itself, have the same values.",
        "yaml",
        "variants: {small: {width: 32}, tiny: {width: 32}}",
        "Remove one, or give it the value that was meant.",
    ),
    "expression": Explanation(
        "An expression cannot be read or worked out.",
        "yaml",
        "out: $width *",
        "See the list of operators and functions in language.md.",
    ),
    "idle-stage": Explanation(
        "Warning. A stage passes its input on and does nothing else.",
        "yaml",
        "stages: {layer1: identity, layer2: {conv: {out: 8, kernel: 3}}}",
        "Remove it.",
    ),
    "layer-form": Explanation(
        "A layer has no word, or two, or something stands beside the word that does not belong there.",
        "yaml",
        "a: {conv: {out: 8, kernel: 3}, relu: }",
        "Several layers form a list; parameters are indented below the word.",
    ),
    "layout": Explanation(
        "Too many links cross each other to be drawn, or Graphviz could not lay the picture out or took too long.",
        "sh",
        "netspec diagram huge.yaml --level layer",
        "Fold more, `--level paper` or `--level stage`, or take the text: `.txt` or `.dot`.",
    ),
    "limit": Explanation(
        "Something is larger than netspec reads: a file, its nesting, a number, an expression, a network.",
        "yaml",
        "repeat: 1000000",
        "The limits stand at the end of language.md.",
    ),
    "missing-dot": Explanation(
        "The `dot` program of Graphviz is not installed, and it was asked for.",
        "sh",
        "netspec diagram vgg16 --engine graphviz",
        "Leave out `--engine graphviz`, install Graphviz, or write `-o vgg16.dot`, which needs nothing.",
    ),
    "missing-file": Explanation(
        "There is no such file, or it cannot be read, or no network of that name comes with netspec.",
        "sh",
        "netspec stats vgg61",
        "`netspec list` shows the names; a path ends in `.yaml`.",
    ),
    "missing-package": Explanation(
        "What the command needs is not installed: `pip install netspec` brings neither torch nor fvcore. "
        "Or it is installed and cannot be imported.",
        "sh",
        "netspec build resnet50",
        "Install the extra that the message names: `pip install 'netspec[torch]'` for modules and weights, "
        "`pip install 'netspec[verify]'` for `stats --verify`, `pip install 'netspec[png]'` for pictures in pixels.",
    ),
    "missing-font": Explanation(
        "A picture in pixels needs a font for its text, and none is installed.",
        "sh",
        "netspec diagram vgg16 -o vgg16.png",
        "Install a font (`apt-get install fonts-liberation`), or write `.svg` or `.pdf`.",
    ),
    "missing-parameter": Explanation(
        "A parameter without a default is not given.",
        "yaml",
        "conv: {kernel: 3}",
        "Write it: `conv: {out: 64, kernel: 3}`.",
    ),
    "missing-plugin": Explanation(
        "A module named with `--plugin` cannot be imported.",
        "sh",
        "netspec --plugin mylab stats net.yaml",
        "Install it, or run in the folder where it lies.",
    ),
    "missing-section": Explanation(
        "The spec lacks `netspec`, `name`, `input`, or any layers.",
        "yaml",
        "stem: {a: relu}",
        "Begin with `netspec: 1`, `name: …`, `input: [3, 224, 224]`.",
    ),
    "missing-variant": Explanation(
        "The spec is a family of networks without defaults for its parameters, and none is chosen; or several are "
        "meant.",
        "sh",
        "netspec build resnet@*",
        "Choose one: `netspec build resnet@resnet50`.",
    ),
    "momentum": Explanation(
        "Warning. Each batch has a share above one half in the running statistics of a batch norm.",
        "yaml",
        "bn: {batch_norm: {momentum: 0.99}}",
        "`momentum: 0.01`: here, as in torch, it is the share of the new batch; Keras writes that of the old ones.",
    ),
    "not-a-mapping": Explanation(
        "The file is empty, or a list, or a single value.",
        "yaml",
        "- a\n- b",
        "A spec is a mapping of sections.",
    ),
    "not-finite": Explanation(
        "What a network computes is NaN or infinite: the loss of a training, or what is to be seen. As a warning: a "
        "file of weights holds such values; they are loaded as they are.",
        "python",
        'netspec.load_weights(model, "diverged.pth")',
        "Take an earlier checkpoint: what the network computes with these is NaN, too.",
    ),
    "other-run": Explanation(
        "A folder that a training would write to holds another one, something else, or is being written to.",
        "sh",
        "netspec train lenet5 --data digits -o runs\nnetspec train lenet5 --data digits -o runs --lr 0.01",
        "Name another folder with `-o`; `--resume` goes on with a training, by the line that began it.",
    ),
    "outside": Explanation(
        "A spec extends a file outside of its own folder, or a text without a folder extends a file.",
        "yaml",
        "extends: ../../secrets.yaml",
        "Keep parents beside their children, or allow a wider folder: `netspec --root .. check net.yaml`.",
    ),
    "over-budget": Explanation(
        "The network exceeds the `budget` that its spec sets.",
        "yaml",
        "budget: {params: 8M, macs: 3G, training_memory: 2G}",
        "Make the network smaller, or the budget larger; `netspec stats` shows all figures before it fails.",
    ),
    "plugin": Explanation(
        "A registered operation or block raised something of its own while the network was worked out.",
        "python",
        "def shape(self, *inputs):\n    return inputs[1]  # with one input",
        "Mend the class that the message names; a `Refusal` says what is wrong with the inputs of a layer.",
    ),
    "shape": Explanation(
        "A layer cannot take the shapes that it reads. The lines below the place say where each comes from.",
        "yaml",
        "fc: {linear: 10}      # after a feature map",
        "Follow the help: flatten, project, pad, or change a stride.",
    ),
    "single-position": Explanation(
        "Warning. Batch norm reads a map of one position: in training its statistics are of the batch's images alone.",
        "yaml",
        "pool: {adaptive_avg_pool: 1}\nbn: batch_norm",
        "Leave it out, or put it before the pooling; kept on purpose in Inception-v3's head for training.",
    ),
    "tag": Explanation(
        "A YAML tag. A spec is data, and data needs none.",
        "yaml",
        "a: !!python/name:os.system",
        "Write the plain value.",
    ),
    "unknown-format": Explanation(
        "The ending of a picture's file is none that is known.",
        "sh",
        "netspec diagram vgg16 -o vgg16.bmp",
        "Use `.svg`, `.txt`, `.tex`, `.dot`, `.png` or `.pdf`.",
    ),
    "unknown-name": Explanation(
        "`from` or an output names no layer, or one that its `when` leaves out.",
        "yaml",
        "a: {add: [input, cnov1]}",
        "Names are looked up from the innermost chain outwards, within the block.",
    ),
    "unknown-operation": Explanation(
        "A word is no operation and no block.",
        "yaml",
        "a: batchnorm",
        "Mind the spelling; define the block under `blocks`, or register it. Names of other frameworks lead to ours.",
    ),
    "unknown-parameter": Explanation(
        "A word, block, variant or expression has no such parameter.",
        "yaml",
        "conv: {out: 8, kernal: 3}",
        "Mind the spelling.",
    ),
    "unknown-scheme": Explanation(
        "`init` names no initialisation.",
        "yaml",
        "init: {conv.weight: kaiming}",
        "`kaiming_normal`; the list stands in language.md.",
    ),
    "unknown-section": Explanation(
        "The spec has a top-level key that means nothing.",
        "yaml",
        "heads: {fc: {linear: 10}}",
        "Mind the spelling.",
    ),
    "unknown-variant": Explanation(
        "The spec has no such variant.",
        "sh",
        "netspec stats resnet@resnet51",
        "The message lists those that are near.",
    ),
    "unmatched-patch": Explanation(
        "A patch names layers of which there are none.",
        "yaml",
        "patch: {remove: [droput]}",
        "Mind the spelling; `netspec stats` shows the paths of the layers.",
    ),
    "unread-layer": Explanation(
        "No output needs a layer, or an input: what it holds is lost.",
        "yaml",
        "a: relu\nb: tanh\nc: {relu: , from: a}",
        "Read it with `from`, declare it in `outputs`, or remove it.",
    ),
    "unread-parameter": Explanation(
        "A parameter, or an entry of `init`, has no effect.",
        "yaml",
        "params: {hight: 3}",
        "Mind the spelling, or remove it.",
    ),
    "untrained-output": Explanation(
        "Warning. No weights lead to an output, so training cannot change it.",
        "yaml",
        "outputs: {image: input_copy}",
        "Take the output from a layer behind weights.",
    ),
    "unused-block": Explanation(
        "A block is defined and never used.",
        "yaml",
        "blocks: {unit: {body: [relu]}}",
        "Use it or remove it.",
    ),
    "unwritable": Explanation(
        "A file cannot be written. What was there before is still there.",
        "sh",
        "netspec build vgg16 -o /nowhere/x.safetensors",
        "Choose a folder that exists and may be written to.",
    ),
    "window": Explanation(
        "A kernel is larger than its padded input, or its padding more than half of it.",
        "yaml",
        "conv: {out: 8, kernel: 9}      # on a 7x7 map",
        "A smaller kernel, more padding, or fewer strides before it.",
    ),
    "wrong-type": Explanation(
        "A value of the wrong kind: a word for a number, a list for a mapping.",
        "yaml",
        "dropout: half",
        "Write the kind that the message names.",
    ),
    "wrong-value": Explanation(
        "A value of the right kind, outside of what is allowed.",
        "yaml",
        "dropout: 1.5",
        "Stay within the range that the message names.",
    ),
    "yaml-syntax": Explanation(
        "The file is not YAML.",
        "yaml",
        "a: {conv: {out: 8}",
        "Mostly indentation, or a bracket, brace or quote that is not closed.",
    ),
}
