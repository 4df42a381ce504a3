"""Prediction faster than torch layer by layer; explanations and training stay with torch.

On computers without a GPU a network is an ONNX file that ONNX Runtime runs: `conversion` makes the file, `rewrites`
makes it cheaper, `cache` keeps it, `session` runs it, `engine` puts them together. On NVIDIA cards `cuda_graph` records
it. `comparison` tries each on one picture before it is trusted.
"""

from __future__ import annotations

# "auto": ONNX Runtime where there is no GPU, a recorded graph on CUDA, if they can run the network; otherwise torch.
ENGINES = ("auto", "torch", "onnxruntime")
