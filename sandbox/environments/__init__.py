"""Packages that programs of a language can use: what is installed, and who uses it.

`sandbox.packages` installs them. The daemon shows them to jails, read-only.

Each change makes a new build, a folder of its own, and then replaces one file that names the
builds in force. So a change that is interrupted leaves nothing but a folder that nobody names.
Whoever uses a build holds a lock on it, and a build that is neither named nor locked is removed.
"""

from sandbox.environments.environment import BadEnvironments, Environment
from sandbox.environments.store import FOLDER, Busy, Store, Use

__all__ = ("FOLDER", "BadEnvironments", "Busy", "Environment", "Store", "Use")
