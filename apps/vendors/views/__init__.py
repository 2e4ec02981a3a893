"""Pages of the register: the list, one vendor by tabs, its contracts, and their forms."""
