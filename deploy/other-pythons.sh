#!/usr/bin/env bash
# Runs tests that need neither MPI nor patience on the next Python, 3.12 or 3.13, where there is one: of files,
# stores, the command line, pages, engines and metrics, which stand on Python and its libraries. What numbers the
# compiled kernels give, and what survives a fault, is tested once.
# Called by `make test`, whose own environment ($PYTHON) is left alone.
set -euo pipefail
cd "$(dirname "$0")/.."
own=$("${PYTHON:-python3}" -c 'import sys; print("%d.%d" % sys.version_info[:2])')

find_python() {
    local candidate
    for candidate in "python$1" "$HOME/.pyenv/versions/$1".*/bin/python"$1"; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c "import sys, venv, ensurepip; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

tested=
for version in 3.12 3.13; do
    [ "$version" = "$own" ] && continue
    python=$(find_python "$version")
    [ -n "$python" ] || continue
    tested="$tested $version"
    venv=.venv-$version
    stamp=$venv/.test
    if [ ! -e "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
        echo "Python $version: making $venv"
        [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -e '.[test]'
        touch "$stamp"
    fi
    echo "Python $version:"
    "$venv/bin/python" -m pytest ${SHARE:-} -q -m "not mpi and not slow and not bench" -p no:cacheprovider \
        $(printf -- '--ignore=tests/%s ' coverage electrode faults kernels physics statistics transport)
    break
done
[ -n "$tested" ] || echo "no Python 3.12 or 3.13 besides $own is here; the tests ran on $own only"
