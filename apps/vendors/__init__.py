"""The register of third parties and the contracts with them."""
