"""What this process may use, told by the files that the system would show."""

import ast
import os
import subprocess
import sys

import pytest

from poreflux import machine

GIB = 2**30


def _write(root, files: dict[str, str]):
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.fixture
def version_2(tmp_path):
    group = "sys/fs/cgroup/job/step"
    _write(
        tmp_path,
        {
            "proc/self/cgroup": "0::/job/step\n",
            f"{group}/memory.max": f"{8 * GIB}\n",
            f"{group}/memory.current": f"{3 * GIB}\n",
            f"{group}/memory.stat": f"anon {2 * GIB}\ninactive_file {GIB}\n",
            "sys/fs/cgroup/job/memory.max": "max\n",
            "sys/fs/cgroup/job/memory.current": f"{3 * GIB}\n",
            "sys/fs/cgroup/job/memory.stat": "inactive_file 0\n",
        },
    )
    return tmp_path


@pytest.fixture
def version_1(tmp_path):
    group = "sys/fs/cgroup/memory/slurm/job_7"
    _write(
        tmp_path,
        {
            "proc/self/cgroup": "5:cpu,cpuacct:/slurm\n4:memory:/slurm/job_7\n0::/\n",
            f"{group}/memory.limit_in_bytes": f"{4 * GIB}\n",
            f"{group}/memory.usage_in_bytes": f"{5 * GIB}\n",
            f"{group}/memory.stat": "total_inactive_file 0\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "sys/fs/cgroup/memory/memory.usage_in_bytes": f"{9 * GIB}\n",
            "sys/fs/cgroup/memory/memory.stat": "total_inactive_file 0\n",
        },
    )
    return tmp_path


def test_a_control_group_of_version_2_leaves_its_limit_less_what_is_held(version_2):
    (limit,) = machine.control_groups(version_2)
    assert (limit.granted, limit.free) == (8 * GIB, 6 * GIB)  # files read a while ago are given up


def test_an_outer_group_that_is_tighter_counts(version_2):
    (version_2 / "sys/fs/cgroup/job/memory.max").write_text(f"{4 * GIB}\n")
    assert [limit.free for limit in machine.control_groups(version_2)] == [6 * GIB, GIB]


def test_a_control_group_of_version_1_is_read_and_no_limit_is_none(version_1):
    (limit,) = machine.control_groups(version_1)
    assert (limit.granted, limit.free) == (4 * GIB, 0)


def test_a_container_whose_outer_groups_are_hidden_shows_its_own_at_the_mount(version_2):
    (version_2 / "proc/self/cgroup").write_text("0::/not/to/be/seen\n")
    _write(
        version_2,
        {
            "sys/fs/cgroup/memory.max": f"{2 * GIB}\n",
            "sys/fs/cgroup/memory.current": f"{GIB}\n",
            "sys/fs/cgroup/memory.stat": "inactive_file 0\n",
        },
    )
    assert [limit.granted for limit in machine.control_groups(version_2)] == [2 * GIB]


def test_a_machine_without_control_groups_has_no_limits(tmp_path):
    assert list(machine.control_groups(tmp_path)) == []


@pytest.mark.parametrize(
    "environment, granted",
    [
        ({"SLURM_MEM_PER_NODE": "2048"}, [2 * GIB]),
        ({"SLURM_MEM_PER_CPU": "1024", "SLURM_CPUS_ON_NODE": "4"}, [4 * GIB]),
        ({"SLURM_MEM_PER_NODE": "0"}, []),
        ({"SLURM_MEM_PER_CPU": "1024"}, []),
    ],
)
def test_the_memory_of_a_slurm_job_is_in_megabytes(environment, granted):
    assert [limit.granted for limit in machine.slurm_job(environment)] == granted


def test_a_slurm_job_bounds_what_is_free(monkeypatch):
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "3")
    assert machine.free_memory() == 0  # this process alone holds more
    assert machine.total_memory() == 3 * 2**20


def test_cores_are_those_of_the_affinity():
    assert machine.available_cores() == len(os.sched_getaffinity(0))


def test_the_bandwidth_is_that_of_a_machine():
    assert 1e8 < machine.memory_bandwidth(200_000, threads=1) < 1e13


def _run(code: str, *prefix: str, **environment: str) -> str:
    line = [*prefix, sys.executable, "-c", f"from poreflux import machine; print({code})"]
    given = {**os.environ, **environment}
    return subprocess.run(
        line, capture_output=True, text=True, check=True, env=given
    ).stdout.strip()


def test_one_core_of_many_is_one_core():
    core = str(min(os.sched_getaffinity(0)))
    assert _run("machine.available_cores()", "taskset", "-c", core) == "1"


def test_an_engine_takes_the_cores_of_the_affinity():
    core = str(min(os.sched_getaffinity(0)))
    code = "__import__('poreflux.transport.engines.threads').transport.engines.threads.Threads()"
    assert _run(f"{code}.threads", "taskset", "-c", core) == "1"


@pytest.mark.parametrize(
    "environment",
    [
        {"SLURM_CPUS_PER_TASK": "1"},
        {"SLURM_CPUS_PER_TASK": "1", "SLURM_STEP_ID": "0", "SLURM_CPUS_ON_NODE": "64"},
        {"SLURM_CPUS_ON_NODE": "1"},
        {"NCPUS": "1"},
        {"PBS_NCPUS": "1"},
        {"PBS_NUM_PPN": "1"},
        {"LSB_DJOB_NUMPROC": "1"},
        {"NSLOTS": "1"},
    ],
)
def test_a_batch_job_of_one_core_is_one_core(environment, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert machine.available_cores() == 1


def test_a_task_of_slurm_has_its_own_cores_and_a_script_those_of_all_its_tasks():
    job = {"SLURM_CPUS_PER_TASK": "3", "SLURM_TASKS_PER_NODE": "4(x2),1"}
    assert machine.task_cores(job) == 12
    assert machine.task_cores({**job, "SLURM_STEP_ID": "1"}) == 3
    assert machine.task_cores({"SLURM_TASKS_PER_NODE": "4"}) == 0


@pytest.mark.parametrize("nonsense", ["", "many", "-4", "1.5"])
def test_counts_that_are_no_numbers_are_no_limits(nonsense):
    names = ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE", "NCPUS", "SLURM_MEM_PER_NODE")
    environment = dict.fromkeys(names, nonsense)
    assert machine.task_cores(environment) == 0
    assert list(machine.job_cores(environment)) == list(machine.slurm_job(environment)) == []


def test_the_cores_of_nested_groups_of_version_2_are_their_quotas(version_2):
    _write(
        version_2,
        {
            "sys/fs/cgroup/job/step/cpu.max": "max 100000\n",
            "sys/fs/cgroup/job/cpu.max": "150000 100000\n",
            "sys/fs/cgroup/cpu.max": "800000 100000\n",
        },
    )
    assert list(machine.cpu_quotas(version_2)) == [2, 8]


def test_the_cores_of_a_group_of_version_1_are_its_quota(version_1):
    # both controllers share a mount whose name links to it
    _write(
        version_1,
        {
            "sys/fs/cgroup/cpu/slurm/cpu.cfs_quota_us": "300000\n",
            "sys/fs/cgroup/cpu/slurm/cpu.cfs_period_us": "100000\n",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        },
    )
    assert list(machine.cpu_quotas(version_1)) == [3]


def test_a_limit_of_address_space_bounds_what_is_free():
    code = "(machine.total_memory(), machine.free_memory())"
    limited = ("sh", "-c", 'ulimit -v 4000000; exec "$@"', "sh")
    total, free = ast.literal_eval(_run(code, *limited))
    assert total == 4_000_000 * 1024
    assert 0 < free < total


def test_a_shell_without_limits_has_none():
    limits = "{name: machine.resource_limit(name) for name in ('RLIMIT_AS', 'RLIMIT_DATA')}"
    assert _run(limits) == "{'RLIMIT_AS': None, 'RLIMIT_DATA': None}"
