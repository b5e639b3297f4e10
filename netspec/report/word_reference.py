"""What ``netspec explain WORD`` and the reference pages say: words with their parameters and rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from netspec.errors.explanations import EXPLANATIONS
from netspec.reference.entry import Entry, Parameter
from netspec.reference.lookup import Found
from netspec.report.page import Note, Page
from netspec.report.table import Table, words

COLUMNS = words("parameter", "type", "default", "meaning")


class WordReport(NamedTuple):
    """What one word means: as a code, as a word of specs, as anything else."""

    found: Found

    def pages(self, width: int | None) -> Iterable[Page]:  # noqa: ARG002 - sentences are wrapped where they are printed
        """The remarks, a page for each word of specs, and the code's explanation."""
        if self.found.remarks:
            yield Page(notes=tuple([("", plain(remark)) for remark in self.found.remarks]))
        for one in self.found.entries:
            yield _read(one)
        if self.found.code:
            yield Page(notes=(("", EXPLANATIONS[self.found.code].text(self.found.code)),))

    def tables(self) -> Iterable[Page]:
        """The pages of the words."""
        return [page for one in self.found.entries for page in pages_of(one)]

    def data(self) -> Any:
        """All of it; a code with meaning, example and mend."""
        code = self.found.code
        return {
            "word": self.found.word,
            "code": EXPLANATIONS[code]._asdict() if code else None,
            "words": [_data(one) for one in self.found.entries],
            "remarks": list(self.found.remarks),
        }


def _data(one: Entry) -> dict[str, Any]:
    parameters = [{**each._asdict(), "elsewhere": list(each.elsewhere)} for each in one.parameters]
    return {**one._asdict(), "parameters": parameters, "rules": dict(one.rules), "elsewhere": list(one.elsewhere)}


def pages_of(one: Entry) -> list[Page]:
    """One word for a text: what it is, then its parameters as a table and its rules as sentences with labels."""
    rows = tuple([_row(each) for each in one.parameters])
    tables = (Table(COLUMNS, rows),) if rows else ()
    head = Page(one.word, notes=(("", sentence(one.summary)), ("Example", f"`{one.example}`")))
    return [head, Page(tables=tables, notes=tuple(_rules(one)))]


def _read(one: Entry) -> Page:
    """One word to be read in lines: a parameter is a sentence too."""
    notes: list[Note] = [("", plain(sentence(one.summary)) + "\n"), ("Example", one.example)]
    for each in one.parameters:
        given = f"default {each.default}" if each.default else "must be given"
        meaning = f"{plain(each.meaning)}; " if each.meaning else ""
        notes.append((each.name, sentence(f"{meaning}{each.type}; {given}")))
    return Page(f"{one.word}: {one.kind}", notes=(*notes, *[(label, plain(said)) for label, said in _rules(one)]))


def _rules(one: Entry) -> list[Note]:
    """The rules, and what other frameworks call the word."""
    notes: list[Note] = [(label, sentence(said)) for label, said in one.rules]
    if one.elsewhere:
        notes.append(("Elsewhere", ", ".join(one.elsewhere)))
    return notes


def _row(one: Parameter) -> tuple[str, str, str, str]:
    return f"`{one.name}`", one.type, one.default or "must be given", one.meaning


def sentence(text: str) -> str:
    """``text`` as a sentence, or several."""
    text = text.replace("\n\n", " ")
    return text[:1].upper() + text[1:].rstrip(".") + "."


def plain(text: str) -> str:
    """``text`` with quotes around code, for where there is no other type."""
    return text.replace("`", "'")
