"""Uploads against peers on the same server, interleaved, medians.

    python bench/hosting.py [--rounds N] [--cases 2g,200,5000,tls,far,many-far]

Needs Ceph (tests/support/ceph-rgw.sh), and on PATH whichever of s5cmd, rclone and aws are to be measured; what is
missing is left out. Our side always includes the SHA-256 of every file. Loopback only.
"""

from __future__ import annotations

import argparse
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CEPH = HERE.parent / "tests" / "support" / "ceph-rgw.sh"
KEYS = {"AWS_ACCESS_KEY_ID": "AKBENCH00000000", "AWS_SECRET_ACCESS_KEY": "SKBENCH0000000000000000"}
BUCKET = "bench"
MIB = 1024**2
FAR = 20
"""MB/s over each connection to a store that is far away."""


@dataclass(frozen=True)
class Run:
    wall: float
    cpu: float
    peak: float
    """MB."""


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    path: Path
    tls: bool = False


Command = Callable[[Case, str], list[str]]


def s5cmd(case: Case, endpoint: str) -> list[str]:
    verify = ["--no-verify-ssl"] if case.tls else []
    source = f"{case.path}/" if case.path.is_dir() else str(case.path)
    return ["s5cmd", *verify, "--endpoint-url", endpoint, "cp", source, f"s3://{BUCKET}/s5cmd/"]


def rclone(*tuned: str) -> Command:
    def command(case: Case, endpoint: str) -> list[str]:
        remote = f":s3,provider=Ceph,env_auth=true,endpoint='{endpoint}':{BUCKET}/rclone"
        verify = ["--no-check-certificate"] if case.tls else []
        return ["rclone", "copy", "--s3-no-check-bucket", *tuned, *verify, str(case.path), remote]

    return command


def aws(case: Case, endpoint: str) -> list[str]:
    recursive = ["--recursive"] if case.path.is_dir() else []
    target = f"s3://{BUCKET}/aws/" + ("" if recursive else case.path.name)
    return ["aws", "--endpoint-url", endpoint, "s3", "cp", "--quiet", *recursive, str(case.path), target]


def boto3_default(case: Case, endpoint: str) -> list[str]:
    code = (
        "import boto3, sys, pathlib; from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "path, endpoint = pathlib.Path(sys.argv[1]), sys.argv[2]\n"
        "s3 = boto3.client('s3', endpoint_url=endpoint)\n"
        "files = sorted(path.iterdir()) if path.is_dir() else [path]\n"
        f"send = lambda item: s3.upload_file(str(item), {BUCKET!r}, 'boto3/' + item.name)\n"
        "pool = Pool(4 if len(files) > 1 else 1); list(pool.map(send, files))\n"
    )
    return [sys.executable, "-c", code, str(case.path), endpoint]


def ours(case: Case, endpoint: str) -> list[str]:
    return [sys.executable, str(HERE / "send_up.py"), endpoint, BUCKET, str(case.path)]


def ours_delivered(*more: str) -> Command:
    def command(case: Case, endpoint: str) -> list[str]:
        config = case.path.parent / "bench.ini"
        config.write_text(f"[store:bench]\nprofile = ceph\nbucket = {BUCKET}\nendpoint = {endpoint}\n", "utf-8")
        out = case.path.parent / "out"
        shutil.rmtree(out, ignore_errors=True)
        options = ["--config", str(config), "--store", "bench", "-p", "none", "-q", "-o", str(out), "--no-progress"]
        return [sys.executable, "-m", "delivery", "upload", str(case.path), *options, *more]

    return command


PEERS: dict[str, Command] = {
    "s5cmd": s5cmd,
    "rclone": rclone(),
    "rclone, tuned": rclone("--s3-chunk-size", "64M", "--s3-upload-concurrency", "2", "--s3-disable-checksum"),
    "aws s3 cp": aws,
    "boto3": boto3_default,
}
MANY: dict[str, Command] = {**PEERS, "rclone, tuned": rclone("--transfers", "16", "--s3-disable-checksum")}


def measure(command: list[str], environ: dict[str, str]) -> Run:
    begun = time.monotonic()
    process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    told = process.stderr.read()
    process.stderr.close()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[0]} failed: {told.decode()[-2000:]}")
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1000)


@contextmanager
def ceph(folder: Path, port: int) -> Iterator[str]:
    keys = [KEYS["AWS_ACCESS_KEY_ID"], KEYS["AWS_SECRET_ACCESS_KEY"]]
    subprocess.run([CEPH, "start", str(folder), str(port), *keys, "10"], check=True)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        subprocess.run([CEPH, "stop", str(folder)], check=True)


@contextmanager
def sink(folder: Path, port: int, *, address: str = "127.0.0.1", rate: int = 0) -> Iterator[str]:
    """The discarding endpoint. It chooses AES-128-GCM for every client, as large stores do. ``rate``: see sink.py."""
    key, cert, conf = folder / "key.pem", folder / "cert.pem", folder / "openssl.cnf"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", f"subjectAltName=DNS:localhost,IP:{address}"]
    subprocess.run(command, check=True, capture_output=True)
    conf.write_text(
        "openssl_conf = all\n[all]\nssl_conf = tls\n[tls]\nsystem_default = chosen\n"
        "[chosen]\nCiphersuites = TLS_AES_128_GCM_SHA256\n"
    )
    paced = [str(rate)] if rate else []
    server = subprocess.Popen(
        [sys.executable, str(HERE / "sink.py"), address, str(port), str(cert), str(key), str(folder), *paced],
        env={**os.environ, "OPENSSL_CONF": str(conf)},
    )
    try:
        time.sleep(1.5)
        yield f"https://{address}:{port}"
    finally:
        server.terminate()
        server.wait()


def empty(endpoint: str) -> None:
    import boto3

    s3 = boto3.resource(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    )
    s3.create_bucket(Bucket=BUCKET)
    s3.Bucket(BUCKET).objects.all().delete()


def files(folder: Path, count: int, size: int) -> Path:
    """``count`` files of ``size`` random bytes; a single one is the file itself."""
    if count == 1:
        path = folder / "one.bin"
        with path.open("wb") as stream:
            for _ in range(size // (16 * MIB)):
                stream.write(os.urandom(16 * MIB))
        return path
    path = folder / f"{count}-files"
    path.mkdir()
    for number in range(count):
        head = b"bench %26d" % number  # so that no file looks by chance like a kind of archive
        (path / f"{number:05}.bin").write_bytes(head + os.urandom(size - len(head)))
    return path


def table(case: Case, runs: dict[str, list[Run]]) -> None:
    base = runs.get("s5cmd", [])
    print(f"\n## {case.title}\n")
    print("| | wall s (range) | CPU s | peak MB | wall / s5cmd | CPU / s5cmd |\n|---|---|---|---|---|---|")
    for name, rows in runs.items():
        walls = sorted(run.wall for run in rows)
        wall, cpu = statistics.median(walls), statistics.median(run.cpu for run in rows)
        pairs = list(zip(rows, base, strict=True)) if base else []  # a round's runs meet the machine in one mood
        wall_ratio = statistics.median(run.wall / other.wall for run, other in pairs) if pairs else math.nan
        cpu_ratio = statistics.median(run.cpu / other.cpu for run, other in pairs) if pairs else math.nan
        peak = max(run.peak for run in rows)
        measured = f"{wall:.2f} ({walls[0]:.2f}-{walls[-1]:.2f}) | {cpu:.2f} | {peak:.0f}"
        print(f"| {name} | {measured} | {wall_ratio:.2f} | {cpu_ratio:.2f} |")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", default="2g,200,5000,tls")
    parser.add_argument("--only", default="", help="only these tools, separated by commas")
    parser.add_argument("--settle", type=float, default=6.0, help="seconds for the store to free what was removed")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="delivery-bench-"))
    home = {"DELIVERY_HOME": str(folder / "home"), "PYTHONPATH": str(HERE.parent)}
    environ = {**os.environ, **KEYS, **home, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    environ["AWS_EC2_METADATA_DISABLED"] = "true"
    environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled; so is what is measured
    try:
        for name in chosen.cases.split(","):
            _case(name, folder, environ, chosen)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _case(name: str, folder: Path, environ: dict[str, str], chosen: argparse.Namespace) -> None:
    count, size = {
        "2g": (1, 2048 * MIB),
        "tls": (1, 2048 * MIB),
        "far": (1, 2048 * MIB),
        "200": (200, 5 * MIB),
        "many-far": (200, 5 * MIB),
        "5000": (5000, 20480),
    }[name]
    work = folder / name
    work.mkdir()
    titles = {
        "2g": "One file of 2 GiB to Ceph RGW",
        "tls": "One file of 2 GiB over TLS to a sink",
        "far": f"One file of 2 GiB over TLS to a sink that takes {FAR} MB/s over each connection",
        "200": "200 files of 5 MiB to Ceph RGW",
        "many-far": f"200 files of 5 MiB over TLS to a sink that takes {FAR} MB/s over each connection",
        "5000": "5,000 files of 20 KiB to Ceph RGW (ours: one delivery, as zip)",
    }
    case = Case(name, titles[name], files(work, count, size), tls=name in ("tls", "far", "many-far"))
    tools: dict[str, Command] = {**(PEERS if count == 1 else MANY)}
    tools["delivery (library)"] = ours
    if name == "5000":
        del tools["delivery (library)"]
    if not case.tls:
        tools["delivery upload"] = ours_delivered()
        if name == "200":
            tools["delivery upload --no-pack"] = ours_delivered("--no-pack")
    absent = [tool for tool in ("s5cmd", "rclone", "aws") if shutil.which(tool) is None]
    tools = {tool: made for tool, made in tools.items() if not any(tool.startswith(gone) for gone in absent)}
    if chosen.only:
        tools = {tool: made for tool, made in tools.items() if tool in chosen.only.split(",")}
    place = work / "server"
    place.mkdir()
    if case.tls:
        environ = {**environ, "AWS_CA_BUNDLE": str(place / "cert.pem")}
    runs: dict[str, list[Run]] = {tool: [] for tool in tools}
    if name.endswith("far"):
        server = sink(place, 28512, address="127.0.0.2", rate=FAR)  # which nobody takes for this machine
    else:
        server = sink(place, 28512) if case.tls else ceph(place, 28502)
    with server as endpoint:
        for _ in range(chosen.rounds):
            for tool, made in tools.items():
                shutil.rmtree(folder / "home", ignore_errors=True)  # or ours looks for what it delivered before
                if not case.tls:
                    empty(endpoint)
                    time.sleep(chosen.settle)
                runs[tool].append(measure(made(case, endpoint), environ))
    table(case, runs)
    shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
