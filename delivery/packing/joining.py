"""Volumes become the files that they were cut from, beside whatever else lies in the folder for them."""

from __future__ import annotations

import os
from dataclasses import dataclass

from delivery.packing import manifest_reader
from delivery.packing.check import Check, Verified
from delivery.packing.crew import Crew
from delivery.packing.manifest_reader import volume_sets
from delivery.packing.workspace import Workspace, refuse_unfit
from delivery.planning.names import Filenames
from delivery.progress import CancelToken, Progress, hooks
from delivery.values import path_of


@dataclass(frozen=True, slots=True)
class PlannedJoin:
    """A file that a :func:`join` would make."""

    path: str
    size: int
    parts: int
    """Of how many volumes."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What :func:`join` made and checked."""

    verified: Verified
    files: tuple[str, ...]
    """The paths of the files that were made."""
    dry_run: bool = False
    """Nothing was made, and nothing counts as checked."""
    planned: tuple[PlannedJoin, ...] = ()
    """In a dry run, what would be made."""


def join(
    place: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    cancel: CancelToken | None = None,
) -> Joined:
    """Join the volumes beside the manifest at ``place`` into ``out``, and check everything else there on the way.

    ``out`` may hold other files; none is overwritten. Raises like :func:`verify`, and then makes nothing.
    With ``dry_run`` nothing is written: it tells what would be made, and raises for what is missing, has another size
    or is in the way; no digest is compared.
    """
    manifest, out = manifest_reader.read(path_of(place)), path_of(out)
    progress, cancel = hooks(progress, cancel)
    crew = Crew(cancel)
    check = Check(manifest, progress, crew)
    sets = volume_sets(manifest)
    filenames = Filenames()
    names = {path: filenames.take(path.rpartition("/")[2]) for path in sets}
    if dry_run:
        if sets:
            refuse_unfit(out, names.values())
        sizes = {record.path: record.size for record in manifest.files}
        planned = (PlannedJoin(str(out / names[path]), sizes[path], len(parts)) for path, parts in sets.items())
        return Joined(check.foresee(sets), (), dry_run=True, planned=tuple(planned))
    if not sets:
        return Joined(check.run(), ())
    with Workspace(out, among_others=True) as workspace:
        workspace.refuse_existing(names.values())
        verified = check.run(sets, {path: workspace.folder / name for path, name in names.items()})
        workspace.publish(list(names.values()))
    return Joined(verified, tuple(str(out / name) for name in names.values()))
