"""What a word of the language means, gathered from the class behind it: for ``netspec explain`` and the docs.

``meanings`` says what parameters are that many words share, ``entry`` is all that is said of one word, ``lookup`` leads
from what somebody asks for to words, parameters and codes.
"""
