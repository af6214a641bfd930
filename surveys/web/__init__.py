"""Blueprints and forms of the collecting side; views are thin edges around one operation each."""
