"""The language as JSON Schema, made from the classes of operations, blocks and initialisations, for editors.

``parameters`` describes their fields, ``words`` what may be given to each, ``layers`` how words are written as layers,
``naming`` what names look like, ``sections`` the parts of a file and ``document`` the whole.
"""
