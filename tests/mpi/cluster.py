"""A real SLURM of two nodes on this machine, for the time of the tests."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "sinfo")

#: files of munged, by the options that name them
FILES = {
    "key-file": ".key",
    "socket": ".sock",
    "pid-file": "d.pid",
    "log-file": "d.log",
    "seed-file": ".seed",
}

#: no cgroups, no accounting; a requeued job waits for `cred_expire` seconds
CONFIGURATION = """
ClusterName=poreflux
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock,cred_expire=5
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
MpiDefault=pmi2
ReturnToService=2
KillWait=20
MinJobAge=600
SwitchType=switch/none
NodeName=n[1-2] NodeHostname={host} NodeAddr=127.0.0.1 Port=[{first}-{last}] CPUs=2 RealMemory=4000
PartitionName=main Nodes=n[1-2] Default=YES MaxTime=60 DefMemPerCPU=1000 State=UP
"""


def missing() -> str:
    """Return why SLURM cannot be started here; nothing if it can."""
    absent = [name for name in PROGRAMS if not (shutil.which(name) or _daemon(name).exists())]
    if absent:
        return f"{', '.join(absent)} not installed (apt-get install slurm-wlm munge)"
    return "" if os.geteuid() == 0 else "the daemons of SLURM need root"


@contextmanager
def slurm(folder: Path):
    """Run the daemons while the context lasts; yield the environment that finds them."""
    folder = folder.resolve()
    for name in ("state", "spool-n1", "spool-n2"):
        (folder / name).mkdir(parents=True)
    key, configuration = folder / "munge.key", folder / "slurm.conf"
    key.write_bytes(secrets.token_bytes(256))
    key.chmod(0o400)
    port = _free_ports(3)
    names = {"host": socket.gethostname().split(".")[0], "folder": folder}
    text = CONFIGURATION.format(port=port[0], first=port[1], last=port[1] + 1, **names)
    configuration.write_text(text)
    variables = {**os.environ, "SLURM_CONF": str(configuration)}
    files = {name: folder / f"munge{end}" for name, end in FILES.items()}
    words = [f"--{name}={path}" for name, path in files.items()]
    daemons = [_start("munged", "-F", "--force", *words, env=variables)]
    try:
        wait_for(files["socket"].exists, 20)
        daemons.append(_start("slurmctld", "-D", "-f", configuration, env=variables))
        for node in ("n1", "n2"):
            words = ["-D", "-f", configuration, "-N", node]
            daemons.append(_start("slurmd", *words, env=variables))
        states = ["sinfo", "-h", "-N", "-o", "%T"]
        wait_for(lambda: ask(variables, *states).split() == ["idle", "idle"], 60)
        yield variables
    finally:
        for daemon in reversed(daemons):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def ask(variables, *words) -> str:
    """Return what a command of SLURM prints."""
    return subprocess.run(
        list(map(str, words)), env=variables, capture_output=True, text=True, timeout=60
    ).stdout


def wait_for(truth, seconds: float) -> None:
    """Wait until something is true; fail after so many seconds."""
    until = time.monotonic() + seconds
    while not truth():
        assert time.monotonic() < until, "SLURM takes too long"
        time.sleep(0.05)


def _daemon(name: str) -> Path:
    return Path("/usr/sbin") / name


def _start(name: str, *words, env) -> subprocess.Popen:
    program = shutil.which(name) or str(_daemon(name))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([program, *map(str, words)], env=env, **quiet)


def _free_ports(count: int) -> list[int]:
    """Return a free port, and the first of `count` - 1 that follow each other."""
    while True:
        with socket.socket() as first:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
        if port + count < 65536 and all(map(_is_free, range(port, port + count))):
            return [port, port + 1]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
