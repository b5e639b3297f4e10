"""Diagrams: a graph as a scene, the scene as a picture, and pictures as files."""
