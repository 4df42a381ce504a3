"""Prediction on computers without a GPU: a network as an ONNX file that ONNX Runtime runs faster than torch does.

`conversion` makes the file, `rewrites` makes it cheaper, `cache` keeps it, `session` runs it, `engine` puts them
together. Explanations and training stay with torch.
"""

from __future__ import annotations

# "auto": ONNX Runtime where there is no GPU, if it is there and can run the network; otherwise torch.
ENGINES = ("auto", "torch", "onnxruntime")
