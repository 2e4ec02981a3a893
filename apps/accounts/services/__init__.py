"""Writes about people and by them: accounts, signing in, the second factor, invitations."""
