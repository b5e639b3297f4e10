"""Which names a layer may have: they become attributes of modules and keys of the state_dict."""

from __future__ import annotations

from keyword import iskeyword

MAX_NAME = 100
MAX_PARTS = 10

BESIDE = ("repeat", "from", "when", "name", "join")
"""Keys that may stand beside the word of a layer; none of them is a word itself."""
INLINE = "inline"
"""A key that stands beside a word where another key is the word; alone it is one."""
LAYERS = "layers"
"""What ``inline`` is where the layers inside each repetition, not the repetitions, join those around."""
STRUCTURE = ("branches", "chain")
"""Words that are no operation or block but hold layers."""
NONE = "none"
"""The word of a layer that is not there."""
KNOWN_INSIDE = ("in", "index", "count")
"""Names that expressions know beside the parameters."""
ARGUMENTS = ("input", "root", "max_nodes", "budget", "device", "outputs", "inplace", "checkpoint")
"""Arguments of ``netspec.read`` and ``netspec.compile``, which take parameters beside them under their own names."""

MODULE_ATTRIBUTES = frozenset(
    [
        "add_module",
        "apply",
        "bfloat16",
        "buffers",
        "call_super_init",
        "children",
        "compile",
        "cpu",
        "cuda",
        "double",
        "dump_patches",
        "eval",
        "extra_repr",
        "float",
        "forward",
        "get_buffer",
        "get_extra_state",
        "get_parameter",
        "get_submodule",
        "half",
        "ipu",
        "load_state_dict",
        "modules",
        "mtia",
        "named_buffers",
        "named_children",
        "named_modules",
        "named_parameters",
        "parameters",
        "register_backward_hook",
        "register_buffer",
        "register_forward_hook",
        "register_forward_pre_hook",
        "register_full_backward_hook",
        "register_full_backward_pre_hook",
        "register_load_state_dict_post_hook",
        "register_load_state_dict_pre_hook",
        "register_module",
        "register_parameter",
        "register_state_dict_post_hook",
        "register_state_dict_pre_hook",
        "requires_grad_",
        "set_extra_state",
        "set_submodule",
        "share_memory",
        "state_dict",
        "T_destination",
        "to",
        "to_empty",
        "train",
        "training",
        "type",
        "xpu",
        "zero_grad",
        "append",
        "extend",
        "insert",
        "pop",
        "source",
    ]
)
"""Attributes that a module has already, so that no layer can be called so."""


RESERVED = frozenset([*BESIDE, *STRUCTURE])
"""Whole names that would be read as something else; as parts of a path they are names like any other."""


def fault(name: str) -> str:
    """What is wrong with ``name`` as the path of a layer; empty if nothing is."""
    wrong = read_fault(name)
    if wrong:
        return wrong
    for part in name.split("."):
        if part in MODULE_ATTRIBUTES:
            return f"'{part}' is an attribute that every module has already"
        if iskeyword(part):
            return f"'{part}' is a word of Python, in which generated code could not name the layer"
    return ""


def read_fault(name: str) -> str:
    """What is wrong with ``name`` as that of what a block reads, which no module is called; empty if nothing is."""
    if len(name) > MAX_NAME:
        return f"a name may have {MAX_NAME} characters"
    parts = name.split(".")
    private = next((part for part in parts if part.startswith("_")), "")
    if private:
        return f"'{private}' begins with '_', as what modules keep for themselves does"
    if not name[:1].isalpha() or not all(_is_part(part) for part in parts):
        return FORM
    if len(parts) > MAX_PARTS:
        return f"a name may have {MAX_PARTS} parts"
    if name in RESERVED:
        return f"'{name}' is a word of the language"
    return NOTHING if name == NONE else ""


def input_fault(name: str) -> str:
    """What is wrong with ``name`` as that of an input, an argument of the network's forward; empty if nothing is."""
    if len(name) > MAX_NAME:
        return f"a name may have {MAX_NAME} characters"
    if not name[:1].isalpha() or not _is_word(name):
        return "an input's name is made of letters, digits and _, and begins with a letter"
    if iskeyword(name):
        return f"'{name}' is a word of Python, in which generated code could not name the input"
    return ""


NOTHING = "'none' is a layer that is not there"
FORM = "a name is made of letters, digits, _ and, inside a part, -, its parts joined by dots, and begins with a letter"


def block_fault(name: str) -> str:
    """What is wrong with ``name`` as the word of a block or operation; empty if nothing is.

    Words are no attributes of modules, so ``double`` and ``type``, which no layer can be called, are free for them.
    """
    if "." in name:
        return "the word of a block has no dots"
    if name == NONE:
        return NOTHING
    if len(name) > MAX_NAME:
        return f"a name may have {MAX_NAME} characters"
    if name.startswith("_") or not name[:1].isalpha() or not _is_part(name):
        return FORM
    return f"'{name}' is a word of the language" if name in RESERVED else ""


def title_fault(name: str) -> str:
    """What is wrong with ``name`` as that of a network, a variant or an output; empty if nothing is.

    Networks give their names to files, so nothing that leads out of a folder is among them.
    """
    if len(name) > MAX_NAME:
        return f"a name may have {MAX_NAME} characters"
    if not (name.isascii() and name[:1].isalnum() and all(char.isalnum() or char in "._+-" for char in name)):
        return "this name is made of letters, digits and . _ + -, and begins with a letter or digit"
    return ""


def parameter_fault(name: str) -> str:
    """What is wrong with ``name`` as a parameter of a network, which callers set; empty if nothing is."""
    return f"'{name}' is an argument of netspec.compile" if name in ARGUMENTS else inner_parameter_fault(name)


def inner_parameter_fault(name: str) -> str:
    """What is wrong with ``name`` as a parameter of a block; empty if nothing is."""
    if not _is_word(name) or len(name) > MAX_NAME:
        return "a parameter's name is made of letters, digits and _, and begins with a letter"
    if name in KNOWN_INSIDE:
        return f"'${name}' has a meaning of its own in expressions"
    return ""


def _is_part(part: str) -> bool:
    """Whether ``part`` is made of ASCII letters, digits and _, with - inside."""
    return part != "" and part[0] != "-" != part[-1] and _is_word(f"_{part.replace('-', '_')}")


def _is_word(name: str) -> bool:
    """Whether ``name`` is made of ASCII letters, digits and _, and does not begin with a digit."""
    return name.isascii() and name.isidentifier()
