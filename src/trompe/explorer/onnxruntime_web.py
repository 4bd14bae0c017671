"""onnxruntime-web, which runs ONNX graphs in a browser: fetched once from npm's registry, and checked."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path

from ..data.sources.named import Remote, locate
from ..device import onnx_runtime
from ..errors import TrompeError

NAME = "onnxruntime-web"
ARCHIVE = Remote(
    f"{NAME}-1.30.0.tgz",
    "sha256:d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71",
    (f"https://registry.npmjs.org/{NAME}/-/{NAME}-1.30.0.tgz",),
)
MEMBERS = {
    "wasm": {
        "ort.js": "ort.wasm.min.mjs",
        "ort-wasm.js": "ort-wasm-simd-threaded.mjs",
        "ort-wasm.wasm": "ort-wasm-simd-threaded.wasm",
    },
    "webgpu": {
        "ort.js": "ort.jspi.min.mjs",
        "ort-wasm.js": "ort-wasm-simd-threaded.jspi.mjs",
        "ort-wasm.wasm": "ort-wasm-simd-threaded.jspi.wasm",
    },
}
"""What a page needs of the package, by the names that it gets: not every web server knows `.mjs`. Of the builds for
WebGPU this is the one that is little larger than that without; it needs WebAssembly's JavaScript Promise Integration.
"""
NOTICES = ("LICENSE", "ThirdPartyNotices.txt")
"""Files of the Python package, from the same sources, that the npm package lacks."""


def runtime_files(webgpu: bool) -> dict[str, bytes]:
    """The files of the runtime and its license, by their paths.

    Args:
        webgpu: also those for computing on the visitor's GPU.

    Raises:
        TrompeError: the package is not on this machine and cannot be fetched, or is not the one that is expected.
    """
    try:
        installed = Path(onnx_runtime().__file__ or "")
    except ImportError as error:
        raise TrompeError(f"a static page needs a package: {error}", hint="`pip install 'trompe[onnx]'`") from error
    path = locate(NAME, ARCHIVE)
    content = path.read_bytes()
    if f"sha256:{hashlib.sha256(content).hexdigest()}" != ARCHIVE.hash:
        raise TrompeError(f"`{path}` is not the package as it was published", hint="remove it, and it is fetched anew")
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        files = {
            f"{folder}/{name}": member(archive, f"package/dist/{source}")
            for folder in MEMBERS
            if webgpu or folder != "webgpu"
            for name, source in MEMBERS[folder].items()
        }
    notices = [installed.with_name(name) for name in NOTICES]
    return files | {f"onnxruntime-{one.name}": one.read_bytes() for one in notices if one.is_file()}


def member(archive: tarfile.TarFile, name: str) -> bytes:
    file = archive.extractfile(name)
    assert file is not None
    return file.read()
