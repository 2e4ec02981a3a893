"""What the commands in ``scripts/`` do. Standard library only, until the environment is made."""
