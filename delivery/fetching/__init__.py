"""A delivery brought to another machine: all of it from one link, in parallel ranges, resumable, verified."""

from delivery.fetching.bring import Fetched, FetchedFile, fetch

__all__ = ["Fetched", "FetchedFile", "fetch"]
