"""Published files from the Hugging Face hub, fetched into its own cache.

Its client's exceptions are mapped by the one table there is for them, in :mod:`foureyes.models.weights.hub`.
"""

from __future__ import annotations

import fnmatch
from pathlib import Path

from foureyes.errors import ConfigError, InputError

__all__ = ["fetch"]


def fetch(repository: str, pattern: str) -> list[Path]:
    """Files of a data set, downloaded if they are not here.

    Args:
        repository: ``owner/name`` of a data set.
        pattern: of the files' paths, as a shell would write it.

    Returns:
        Where they are now, in the order of their names.

    Raises:
        ConfigError: huggingface_hub is not installed, or refuses the name.
        InputError: the data set has no such file.
        ModelRefused: the hub says no: it does not exist, or is not open to all.
        ModelUnavailable: the hub cannot be reached.
    """
    try:
        from huggingface_hub import HfApi, hf_hub_download  # noqa: PLC0415 - an extra

        from foureyes.models.weights.hub import FOREIGN, translated  # noqa: PLC0415 - loads the client
        from foureyes.models.weights.reference import Hub  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise ConfigError(
            "data from the hub needs huggingface_hub: pip install 'foureyes[local]'; or give a folder with --data"
        ) from error
    try:
        commit = HfApi().dataset_info(repository).sha  # list and files of one state, whatever is pushed meanwhile
        names = HfApi().list_repo_files(repository, repo_type="dataset", revision=commit)
        wanted = sorted(fnmatch.filter(names, pattern))
        found = [Path(hf_hub_download(repository, name, repo_type="dataset", revision=commit)) for name in wanted]
    except FOREIGN as error:
        failure = translated(error, Hub(repository))
        failure.add_note("give a folder with the data's files with --data")
        raise failure from error
    if not found:
        raise InputError(f"data set {repository} has no file {pattern}")
    return found
