"""What surrounds a method: layout of weights and workspace, blocks of inputs, generated functions.

lanes.py    for a LanesMethod: a few rows of codes at a time
tile.py     for a TileMethod: a whole tile of rows, and a LanesMethod for those that fill none
"""
