"""What the papers report, to stand beside ours. Data, no code."""

from __future__ import annotations

# Ahmed & Ali 2021, table 2: MedAI 2021 official test sets.
AHMED_ALI = {
    "polyp": {"accuracy": 0.84, "iou": 0.46, "dice": 0.56, "recall": 0.64, "precision": 0.59},
    "instrument": {"accuracy": 0.96, "iou": 0.70, "dice": 0.80, "recall": 0.80, "precision": 0.80},
}

# Asare 2025: U-Net/ResNet-34 on Kvasir-SEG, 5 folds, as mean and deviation; the last two at threshold 0.55.
ASARE = {"dice": (0.8902, 0.0115), "iou": (0.8023, 0.0147), "auc": (0.9722, 0.0031)}
ASARE_THRESHOLD = 0.55
ASARE_AT_THRESHOLD = {"recall": 0.9058, "precision": 0.9083}

# Corbetta 2023, PolypGen: Dice on the left-out centre without and with the best p, and that p.
CORBETTA = {
    "unet": {
        "C1": (0.7257, 0.7353, 0.6),
        "C2": (0.5762, 0.6062, 0.6),
        "C3": (0.7054, 0.7470, 0.4),
        "C4": (0.4223, 0.4519, 0.4),
        "C5": (0.4725, 0.4893, 0.4),
        "C6": (0.6423, 0.6574, 0.6),
    },
    "deeplabv3plus_resnet101": {
        "C1": (0.6003, 0.6155, 0.6),
        "C2": (0.5498, 0.5679, 0.6),
        "C3": (0.5696, 0.6314, 0.4),
        "C4": (0.3424, 0.3592, 0.5),
        "C5": (0.3867, 0.4046, 0.6),
        "C6": (0.6268, 0.6342, 0.4),
    },
    "sdnet": {
        "C1": (0.7130, 0.7226, 0.4),
        "C2": (0.5489, 0.5579, 0.5),
        "C3": (0.7151, 0.7208, 0.4),
        "C4": (0.3981, 0.3841, 0.5),
        "C5": (0.4312, 0.4546, 0.4),
        "C6": (0.6398, 0.6626, 0.6),
    },
}
