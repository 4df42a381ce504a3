"""An explanation as it is drawn, and what else the state passes on about explanations. Plain records."""

from __future__ import annotations

from dataclasses import dataclass

from medseg_gui.relevance_picture import RelevancePicture
from medseg_gui.types import Frame, Relevance


@dataclass(frozen=True, eq=False)
class LayerPicture:
    """One block of the network in colours.

    Attributes:
        name: of the block; "" for the pixels of the frame.
        picture: what arrived there.
        total: share of the decision that passes through here, about 1.
    """

    name: str
    picture: RelevancePicture
    total: float


@dataclass(frozen=True, eq=False)
class ExplanationPicture:
    """A relevance as it is drawn, with the one of each layer.

    Attributes:
        relevance: what was coloured.
        main: what is laid over the frame.
        layers: the pixels first, then in network order; empty when not asked for, and for Grad-CAM.
        shown_layer: name of the block that `main` is of; "" for the pixels.
        hidden_lesions: numbers of those that are left out of the pixels' map.
        lesion_tops: where the number of each lesion belongs: x, y of the middle of its upper end, both in [0, 1].
    """

    relevance: Relevance
    main: RelevancePicture
    layers: tuple[LayerPicture, ...] = ()
    shown_layer: str = ""
    hidden_lesions: frozenset[int] = frozenset()
    lesion_tops: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class CacheStatistics:
    """How much is kept, and how often that helped."""

    entries: int = 0
    used_bytes: int = 0
    hits: int = 0
    passes: int = 0


@dataclass(frozen=True, eq=False)
class FigureOrder:
    """An explained frame to be saved.

    Attributes:
        path: where to.
        frame: the picture.
        explanation: what is laid over it.
    """

    path: str
    frame: Frame
    explanation: ExplanationPicture
