"""Confines this process for good: it reads a few folders, and writes, connects, starts and signals nothing.

Article code is somebody else's code. On Linux the kernel keeps it in: Landlock decides which files can be opened, a
seccomp filter refuses sockets, new processes and what reaches into others. Neither needs any right to set up. Elsewhere
nothing here can confine, and `confine` says so.

Sources: Linux, Documentation/userspace-api/landlock.rst and seccomp_filter.rst, uapi/linux/{landlock,seccomp,filter}.h.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
from collections.abc import Iterable

MEMORY = 4 << 30
"""Bytes of address space that a page's process may use."""

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_READ = 1 << 2 | 1 << 3  # files, folders
_FILES = (13, 14, 15, 15, 16, 16, 16)  # rights to files that each Landlock version knows: the lowest bits

# Numbers of the system calls that are refused, by architecture; `clone` is let through for threads only.
_AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3, _ENOSYS, _EPERM = 435, 38, 1  # without it, the C library takes `clone`, whose flags a filter can read
_REFUSED = {
    # fork, vfork, execve, execveat, socket, connect, bind, listen, ptrace, process_vm_readv, -writev, kill,
    # tkill, rt_sigqueueinfo, rt_tgsigqueueinfo, mount, umount2, chroot, pivot_root, unshare, setns, bpf,
    # perf_event_open, keyctl, add_key, request_key, io_uring_setup, pidfd_open, pidfd_getfd, memfd_create,
    # userfaultfd; and what changes a file without opening it: symlink, link, chmod, chown, utime, setxattr and kin
    "x86_64": (
        57, 58, 59, 322, 41, 42, 49, 50, 101, 310, 311, 62, 200, 129, 297, 165, 166, 161, 155, 272, 308, 321, 298,
        250, 248, 249, 425, 434, 438, 319, 323, 88, 86, 266, 265, 90, 91, 268, 452, 92, 93, 94, 260, 132, 235, 261,
        280, 188, 189, 190,
    ),
    "aarch64": (
        221, 281, 198, 203, 200, 201, 117, 270, 271, 129, 130, 138, 240, 40, 39, 51, 41, 97, 268, 280, 241, 219,
        217, 218, 425, 434, 438, 279, 282, 36, 37, 52, 53, 452, 54, 55, 88, 5, 6, 7,
    ),
}  # fmt: skip


class CannotConfineError(OSError):
    """This system has no way to confine a process that we know."""


def confine(readable: Iterable[str]) -> None:
    """Confine this process, and every thread that it starts from now on.

    Parameters:
        readable: files and folders that it may still read; those that do not exist are passed over.

    Raises:
        CannotConfineError: the system is not Linux, or its kernel is too old for it.
    """
    machine = platform.machine()
    if sys.platform != "linux" or machine not in _AUDIT:
        raise CannotConfineError(f"{sys.platform} on {machine} has no Landlock and seccomp")
    libc = ctypes.CDLL(None, use_errno=True)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise CannotConfineError("the kernel has no no_new_privs")
    _landlock(libc, readable)
    _seccomp(libc, machine)


def _landlock(libc: ctypes.CDLL, readable: Iterable[str]) -> None:
    version = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1)
    if version < 1:
        raise CannotConfineError("the kernel has no Landlock")
    files = (1 << _FILES[min(version, len(_FILES)) - 1]) - 1
    network, scopes = (3 if version >= 4 else 0), (3 if version >= 6 else 0)  # TCP; abstract sockets and signals
    rules = struct.pack("QQQ", files, network, scopes)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = libc.syscall(_CREATE_RULESET, rules, ctypes.c_size_t(size), 0)
    if ruleset < 0:
        raise CannotConfineError(f"Landlock: {os.strerror(ctypes.get_errno())}")
    for path in readable:
        try:
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        allowed = _READ if os.path.isdir(path) else 1 << 2  # noqa: PTH112  (a str is what the caller has)
        libc.syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", allowed, opened), 0)
        os.close(opened)
    if libc.syscall(_RESTRICT_SELF, ruleset, 0):
        raise CannotConfineError(f"Landlock: {os.strerror(ctypes.get_errno())}")
    os.close(ruleset)


def _seccomp(libc: ctypes.CDLL, machine: str) -> None:
    """A filter that answers EPERM for what is refused. Each instruction is (code, jump if true, if false, operand)."""
    load, equal, any_bit, answer = 0x20, 0x15, 0x45, 0x06
    allow, error, kill = 0x7FFF0000, 0x00050000, 0x80000000
    refused = _REFUSED[machine]
    program = [
        (load, 0, 0, 4),  # architecture: numbers mean something else on another
        (equal, 1, 0, _AUDIT[machine]),
        (answer, 0, 0, kill),
        (load, 0, 0, 0),  # number of the call
        (equal, 0, 1, _CLONE3),
        (answer, 0, 0, error | _ENOSYS),
        (equal, 0, 3, _CLONE[machine]),
        (load, 0, 0, 16),  # first argument: the flags
        (any_bit, len(refused) + 1, 0, 0x00010000),  # CLONE_THREAD
        (answer, 0, 0, error | _EPERM),
        *((equal, len(refused) - place, 0, number) for place, number in enumerate(refused)),
        (answer, 0, 0, allow),
        (answer, 0, 0, error | _EPERM),
    ]
    if machine == "x86_64":  # the 32-bit numbers of the same architecture
        program[4:4] = [(0x35, 0, 1, 0x40000000), (answer, 0, 0, kill)]
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    kept = ctypes.create_string_buffer(code)
    whole = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program), ctypes.addressof(kept)))
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, whole, 0, 0):
        raise CannotConfineError(f"seccomp: {os.strerror(ctypes.get_errno())}")
