"""Makes one ONNX file of a network, from the uint8 picture to the probability, and tries it before anyone trusts it."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path

import torch
from torch import Tensor, nn

from medseg_gui.errors import EngineError
from medseg_gui.networks import normalisation
from medseg_gui.networks.weights import WeightsInfo, load_network
from medseg_gui.runtime.comparison import mean_difference, sample_picture
from medseg_gui.runtime.rewrites import rewrite
from medseg_gui.runtime.session import RuntimeSession

_OPSET = 17  # of ONNX; every runtime of the last years knows it
_MOST_DIFFERENCE = 1e-3  # mean difference of two probabilities that are meant to be the same


class PictureToProbability(nn.Module):
    """A network with all that stands around it in `Segmenter.predict`, so that the runtime does everything at once.

    Args of `forward`:
        picture: (1, S, S, 3) uint8 RGB.

    Returns of `forward`:
        (1, S, S) float probability.
    """

    scale: Tensor
    shift: Tensor

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in normalisation(network))
        self.register_buffer("scale", 1 / (255 * std))
        self.register_buffer("shift", -mean / std)

    def forward(self, picture: Tensor) -> Tensor:
        x = picture.permute(0, 3, 1, 2).float() * self.scale + self.shift
        return torch.sigmoid(self.network(x)).squeeze(1)


def convert(info: WeightsInfo) -> bytes:
    """A network with its weights as an ONNX file, proven to give what torch gives.

    Args:
        info: which weights.

    Returns:
        Content of the file: input "picture" (1, S, S, 3) uint8, output "probability" (1, S, S) float32.

    Raises:
        WeightsError: the weights cannot be used.
        EngineError: a package is missing, the network holds something that cannot be converted, or the two differ.
    """
    network = PictureToProbability(load_network(info)).eval()
    model = _export(network, info)
    _compare(network, model, info)
    return model


@torch.inference_mode()
def _export(network: nn.Module, info: WeightsInfo) -> bytes:
    example = (torch.zeros(1, info.input_size, info.input_size, 3, dtype=torch.uint8),)
    inside, outside = ["picture"], ["probability"]
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")  # of tracing: our input never changes its size
        file = Path(folder) / "network.onnx"
        try:
            # The newer exporter (dynamo=True) would need onnxscript, and several seconds more.
            torch.onnx.export(
                network,
                example,
                str(file),
                input_names=inside,
                output_names=outside,
                opset_version=_OPSET,
                dynamo=False,
            )
            return rewrite(file)
        except EngineError:
            raise
        except Exception as e:  # the exporter raises whatever an operation raises
            sentence = f"{info.name} cannot be converted for ONNX Runtime; torch runs it instead."
            raise EngineError(sentence, str(e)) from e


@torch.inference_mode()
def _compare(network: nn.Module, model: bytes, info: WeightsInfo) -> None:
    picture = sample_picture(info.input_size)
    ours = network(torch.from_numpy(picture)[None])[0].numpy()
    theirs = RuntimeSession(model, threads=1).run(picture)
    if not mean_difference(ours, theirs) <= _MOST_DIFFERENCE:
        raise EngineError(f"{info.name} would mark other pixels in ONNX Runtime; torch runs it instead.")
