"""A scene as a picture: where everything stands, on which page."""
