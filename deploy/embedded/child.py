"""Becomes a server process: prepares its folder once, gives up root, and dies with its parent.

Started as `python -I -S child.py SPECIFICATION`, where the specification is JSON (see `Plan` in
`process.py`). It imports the standard library only, because each start pays for what it imports.
"""

import ctypes
import json
import os
import pwd
import signal
import subprocess
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAP_DAC_OVERRIDE = 1
_CAPABILITY_VERSION_3 = 0x20080522


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Data(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def give_up_root(user: str) -> None:
    """Become `user`, keeping only the right to pass folders that are closed to others.

    PostgreSQL refuses to run as root, yet a checkout under root's home is closed to everybody else.
    An ambient CAP_DAC_OVERRIDE lets it reach its own program and data there without opening a
    folder to anyone.
    """
    account = pwd.getpwnam(user)
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
    if libc:
        libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    if libc:
        bit = 1 << _CAP_DAC_OVERRIDE
        data = (_Data * 2)(_Data(bit, bit, bit), _Data(0, 0, 0))
        libc.capset(ctypes.byref(_Header(_CAPABILITY_VERSION_3, 0)), data)
        libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, _CAP_DAC_OVERRIDE, 0, 0)
    os.environ["HOME"] = "/"


def die_with_parent(parent: int, sign: int) -> None:
    """Ask the kernel to send `sign` when the parent ends, and leave at once if it already has.

    Only Linux has this; elsewhere the next start finds what was left behind by its pid file.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, sign, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(0)


def live_without_parent() -> None:
    """Take back what `die_with_parent` asked for."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, 0, 0, 0, 0)


def main() -> None:
    """Follow the plan: folders, user, parent, preparation, then the server itself."""
    plan = json.loads(sys.argv[1])
    os.umask(0o077)
    if plan["user"]:
        account = pwd.getpwnam(plan["user"])
        for folder in plan["owned"]:
            os.chown(folder, account.pw_uid, account.pw_gid)
        give_up_root(plan["user"])
    # After the change of user: the kernel forgets the wish when credentials change.
    die_with_parent(plan["parent"], plan["death_signal"])
    os.chdir(plan["folder"])
    for command in plan["preparation"]:
        status = subprocess.call(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own plan
        if status:
            sys.exit(status if status > 0 else 128 - status)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execv(plan["command"][0], plan["command"])  # noqa: S606 - our own plan, no shell


if __name__ == "__main__":
    main()
