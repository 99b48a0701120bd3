"""Files: what a command writes appears complete or not at all, and nothing of the user's is lost.

    destination     what may be written to: regular files and folders, links resolved, found out first
    area            where files wait: in the cache folder, under the name of the process, locked
    exchange        two folders swapped in one step of the file system
    commit          all files of a run put in place, or all put back; a journal for a run that is killed
    owned           files that no earlier run wrote are kept, unless ``force`` says otherwise
    seal            a record that says whether it is as it was written
    staging         the context managers that the commands use
    names           file names as text
    system_errors   one sentence for each error that an operating system gives

A link is written through: it stays, and the file or folder it leads to is replaced.
"""

from qcompile.files.destination import file_destination, folder_destination
from qcompile.files.names import readable
from qcompile.files.owned import digests_of
from qcompile.files.staging import staged_file, staged_files, staged_folder, sweep_all
from qcompile.files.system_errors import reason_of

__all__ = [
    "digests_of",
    "file_destination",
    "folder_destination",
    "readable",
    "reason_of",
    "staged_file",
    "staged_files",
    "staged_folder",
    "sweep_all",
]
