"""Turns a checkpoint in diffusers' folder layout into a bundle that Idem runs."""
