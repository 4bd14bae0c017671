"""Frames as a video, by ffmpeg where it is installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence

from ..errors import TrompeError
from .grid import Pixels

TO_EVEN = "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white"
"""Players want even sides."""


def mp4(frames: Sequence[Pixels], seconds_each: float) -> bytes:
    """Frames of one size as an H.264 video.

    Raises:
        TrompeError: ffmpeg is not installed, or fails.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise TrompeError("an .mp4 needs ffmpeg, and there is none on this machine", hint="install it, or give a .gif")
    height, width, _ = frames[0].shape
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{1 / seconds_each:g}"]
    target = ["-vf", TO_EVEN, "-pix_fmt", "yuv420p", "-movflags", "frag_keyframe+empty_moov", "-f", "mp4"]
    command = [program, "-v", "error", *source, "-i", "-", "-fflags", "+bitexact", *target, "-"]
    done = subprocess.run(command, input=b"".join(frame.tobytes() for frame in frames), capture_output=True)
    if done.returncode:
        raise TrompeError(f"ffmpeg failed: {done.stderr.decode(errors='replace').strip()[:300]}", hint="give a .gif")
    return done.stdout
