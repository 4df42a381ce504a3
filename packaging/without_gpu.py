"""Runs first in the CPU flavour: hides GPUs from torch, which would miss what was left out when it found one."""

import os

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
