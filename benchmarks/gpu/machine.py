# SPDX-License-Identifier: Apache-2.0
"""The GPU, libraries and compute-sanitizer of this machine."""
import ctypes
import os
import pathlib
import shutil
import site
import subprocess
import sys

CUBLAS = "libcublas.so.13"
SSL = "libssl.so.3"
GPU_FIELDS = "name,driver_version,memory.total,memory.used,clocks.sm,clocks.max.sm,power.limit,temperature.gpu"


def answer(command, **options):
    """Standard output of a command; None if it fails or does not exist."""
    try:
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, check=False, timeout=20, **options)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 and done.stdout.strip() else None


def gpu(index, fields="name,driver_version,memory.total"):
    """Name, driver and memory of a GPU; None if there is none."""
    return answer(["nvidia-smi", f"--id={index}", f"--query-gpu={fields}", "--format=csv,noheader"])


def library_folders():
    """Possible folders of CUDA libraries: from the environment, the loader, toolkits, and packages of this Python."""
    folders = os.environ.get("LD_LIBRARY_PATH", "").split(":")
    for line in (answer(["ldconfig", "-p"]) or answer(["/sbin/ldconfig", "-p"]) or "").splitlines():
        if "=> " in line:
            folders.append(os.path.dirname(line.rsplit("=> ", 1)[1]))
    for place in sorted(pathlib.Path("/usr/local").glob("cuda*"), reverse=True):
        folders += [place / "lib64", place / "lib", place / "targets/x86_64-linux/lib"]
    for place in [*site.getsitepackages(), site.getusersitepackages(), *sys.path]:
        folders += [pathlib.Path(place, "nvidia", name, "lib") for name in ("cu13", "cublas")]
        folders.append(pathlib.Path(place, "torch", "lib"))
    return [pathlib.Path(folder) for folder in dict.fromkeys(str(one) for one in folders if str(one))]


def folder_with(library):
    return next((folder for folder in library_folders() if (folder / library).exists()), None)


def cublas_version(folder):
    """The version of the library that our programs load; None if unknown."""
    try:
        library, part = ctypes.CDLL(str(folder / CUBLAS)), ctypes.c_int()
        numbers = []
        for which in range(3):  # MAJOR_VERSION, MINOR_VERSION, PATCH_LEVEL
            library.cublasGetProperty(which, ctypes.byref(part))
            numbers.append(str(part.value))
        return ".".join(numbers)
    except (OSError, AttributeError):
        return None


def sanitizer():
    """The compute-sanitizer of this machine; None if there is none."""
    places = [shutil.which("compute-sanitizer"), *sorted(pathlib.Path("/usr/local").glob(
        "cuda*/bin/compute-sanitizer")), *sorted(pathlib.Path("/usr/local").glob(
            "cuda*/compute-sanitizer/compute-sanitizer"))]
    return next((str(place) for place in places if place and pathlib.Path(place).exists()), None)


def sanitize(tool, program):
    """Command line that checks our kernels in `program` with a tool. Excludes API errors, because a test provokes an
    out-of-memory error, and the kernels of cuBLAS."""
    command = [sanitizer(), "--tool", tool, "--error-exitcode", "9", "--target-processes", "all"]
    known = answer([command[0], "--help"]) or ""
    if tool == "memcheck" and "report-api-errors" in known:
        command += ["--report-api-errors", "no"]
    if "kernel-name" in known:
        command += ["--kernel-name", "kns=recurve"]
    elif "kernel-regex" in known:
        command += ["--kernel-regex", "kns=recurve"]
    return [*command, program]


def missing_libraries(programs, environment):
    """A line for each library that the loader does not find."""
    lines = []
    for program in programs:
        found = answer(["ldd", program], env=environment)
        if found is None:
            lines.append(f"{program.name}: ldd cannot read it")
            continue
        lines += [f"{program.name}: {line.strip()}" for line in found.splitlines() if "not found" in line]
    return lines
