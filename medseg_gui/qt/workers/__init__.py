"""What may take long, each on a thread of its own. QtCore only; nothing here knows views or state objects."""
