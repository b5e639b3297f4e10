"""The canonical form of a spec: one layout for the same data, with every comment kept.

``tree`` reads the text with its places, ``remarks`` gives each comment an entry, ``layout`` writes the lines, ``form``
puts them together and proves that the new text means the same.
"""
