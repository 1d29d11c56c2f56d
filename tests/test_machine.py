"""What this process may use, told by the files that the system would show."""

import os

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
