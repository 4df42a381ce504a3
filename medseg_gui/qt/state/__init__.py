"""What the window knows, as Qt objects that views watch. No widgets, no workers."""
