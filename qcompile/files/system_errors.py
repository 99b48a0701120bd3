"""One reason, in words, for each error that an operating system gives."""

from __future__ import annotations

import errno

REASONS = {
    errno.ENOSPC: "there is no space left on the disk",
    errno.EFBIG: "it would be larger than the system allows (ulimit -f)",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission is denied",
    errno.EPERM: "permission is denied",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "links lead in a circle",
    errno.EISDIR: "it is a folder",
    errno.ENOTDIR: "a part of its path is a file, not a folder",
    errno.ENOENT: "there is no such file or folder",
    errno.EMFILE: "too many files are open (ulimit -n)",
    errno.ENFILE: "too many files are open in the whole system",
    errno.EIO: "the device reports an error",
    errno.ENOMEM: "there is not enough memory",
    errno.EBUSY: "it is in use",
    errno.EPIPE: "its reader has gone",
}
if hasattr(errno, "EDQUOT"):  # not on Windows
    REASONS[errno.EDQUOT] = "the disk quota is used up"


def reason_of(error: OSError) -> str:
    """What the system refused, in words.

    >>> reason_of(OSError(errno.ENOSPC, "No space left on device"))
    'there is no space left on the disk'
    >>> reason_of(OSError("odd"))
    'odd'
    """
    return REASONS.get(error.errno or 0) or error.strerror or str(error) or type(error).__name__
