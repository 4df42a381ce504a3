"""What the user made, on disk: masks, states, undo, review queue, import and export. Nothing of Qt or torch.

`Project` (store.py) is the one thing that writes to a project folder.
"""
