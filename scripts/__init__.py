"""The commands a person or a machine calls; what they do is in ``launcher``."""
