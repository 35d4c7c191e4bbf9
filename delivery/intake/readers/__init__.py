"""Readers of formats, one module for a family. Each is given a bounded :class:`~delivery.intake.readers.view.View`.

A reader never trusts a length that it reads: every read is bounded by the view's budget and every loop by what the
view can still give, so hostile bytes end in a fact or in silence, never in a crash or a hang.
"""
