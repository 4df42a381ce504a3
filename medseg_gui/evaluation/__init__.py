"""How good a segmentation is, and how fast: measures, reports, benchmark."""
