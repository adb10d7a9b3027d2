"""How a piece of work can end."""

from __future__ import annotations

from typing import Literal, TypeAlias

Status: TypeAlias = Literal["done", "partial", "failed", "crashed", "timed out", "not run"]
"""done: all of it. partial: some frames were lost. failed: an error of the net, the policy or the scenario.
crashed: its server ended, also in every retry. timed out: its server hung, also in every retry. not run: never reached.
"""
