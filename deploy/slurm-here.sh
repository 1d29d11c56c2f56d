#!/bin/bash
# SLURM for the tests that run the job scripts in a queue: two nodes on this machine, no service, no
# file of the system's. Nothing is done, and those tests are skipped, without root or apt, where the
# packages cannot be fetched within minutes, and where systemd would start their daemons.
set -u
lacks() { ! command -v "$1" >/dev/null && [ ! -x "/usr/sbin/$1" ]; }
skip() {
    echo "SLURM is not set up ($1); the tests of its queue are skipped"
    exit 0
}

lacks slurmctld || lacks slurmd || lacks munged || lacks sbatch || exit 0
[ "$(id -u)" = 0 ] || skip "it takes root"
command -v apt-get >/dev/null || skip "there is no apt-get"
[ ! -d /run/systemd/system ] || skip "systemd would start it; apt-get install slurm-wlm munge"

export DEBIAN_FRONTEND=noninteractive
quick="-qq -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o DPkg::Lock::Timeout=60"
packages="slurm-wlm munge"
# fetched first, within a time: an installation that began is not stopped halfway
fetch() { timeout 150 apt-get $quick install -y --no-install-recommends --download-only $packages >/dev/null 2>&1; }
fetch || { timeout 90 apt-get $quick update >/dev/null 2>&1 && fetch; } || skip "apt-get cannot fetch $packages"
apt-get $quick install -y --no-install-recommends $packages </dev/null >/dev/null 2>&1 || skip "apt-get cannot install $packages"
