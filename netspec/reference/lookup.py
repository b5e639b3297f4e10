"""What somebody asks for by one word: codes, words, parameters, keywords and sections, and other frameworks' names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from netspec.errors import other_names
from netspec.errors.codes import Code
from netspec.errors.explanations import EXPLANATIONS
from netspec.errors.other_names import PARAMETERS, SECTIONS, WORDS
from netspec.errors.suggestions import Hints
from netspec.language import sections
from netspec.language.arguments import fields_of
from netspec.reference.entry import Entry, Word, entry
from netspec.reference.keywords import KEYWORDS


class Found(NamedTuple):
    """What a word means; each part is empty where it means nothing of the kind.

    ``remarks`` are sentences: what netspec calls it, what it means as a parameter, a keyword or a section. ``near`` are
    names that were perhaps meant where nothing is found.
    """

    word: str
    code: Code | None
    entries: tuple[Entry, ...]
    remarks: tuple[str, ...]
    near: str = ""

    @property
    def nothing(self) -> bool:
        """Whether the word means nothing here."""
        return not (self.code or self.entries or self.remarks)


def found(word: str, words: Mapping[str, Word]) -> Found:
    """What ``word`` means among the ``words`` that specs can use, and everywhere else in the language."""
    code = next((code for code in EXPLANATIONS if code == word), None)
    entries = {name: entry(words[name]) for name in _words(word, words)}
    remarks = [*_names(word, entries), *_parameter(word, words), *_structure(word)]
    result = Found(word, code, tuple(entries.values()), tuple(remarks))
    if not result.nothing:
        return result
    known = dict.fromkeys([*EXPLANATIONS, *words, *KEYWORDS, *sections.KEYS])
    return result._replace(near=Hints().did_you_mean(word, known))


def _words(word: str, words: Mapping[str, Word]) -> tuple[str, ...]:
    """The words of a spec that ``word`` is, or that other frameworks call so."""
    return (word,) if word in words else tuple([name for name in other_names.ours(word, WORDS) if name in words])


def _names(word: str, entries: Mapping[str, Entry]) -> list[str]:
    """What netspec calls an operation or block of other frameworks, or says instead of it."""
    said = [f"netspec calls it '{name}'." for name in entries if name != word]
    remark = "" if entries else other_names.remark(word, WORDS)
    return [*said, *([f"Elsewhere a word: {remark}."] if remark else [])]


def _parameter(word: str, words: Mapping[str, Word]) -> list[str]:
    """Which words have ``word`` as a parameter, or as what netspec calls it."""
    found = []
    owners = {name: fields_of(known) for name, known in words.items()}
    for name in dict.fromkeys([word, *other_names.ours(word, PARAMETERS)]):
        having = [owner for owner, fields in owners.items() if name in fields]
        if having:
            begin = f"'{name}' is a" if name == word else f"netspec calls it '{name}', a"
            found.append(f"{begin} parameter of {', '.join(having)}.")
            meanings = {one.meaning for owner in having for one in entry(words[owner]).parameters if one.name == name}
            found += [f"{meaning[:1].upper()}{meaning[1:]}." for meaning in meanings if len(meanings) == 1 and meaning]
    remark = "" if found else other_names.remark(word, PARAMETERS)
    return [*found, *([f"Elsewhere a parameter: {remark}."] if remark else [])]


def _structure(word: str) -> list[str]:
    """What ``word`` is as a keyword or a section, or the section that other frameworks call so."""
    found = [KEYWORDS[word]] if word in KEYWORDS else []
    found += [f"A section: {one.description}" for one in sections.SECTIONS if one.key == word]
    if not found:
        found = [f"The section is called '{name}'." for name in other_names.ours(word, SECTIONS)]
    return found
