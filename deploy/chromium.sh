#!/bin/sh
# Make a browser for the tests of the explorer, where that takes no more than apt and root; without
# one those tests are skipped, with the reason. It never fails, and never takes more than 3 minutes.
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "no chromium, and no root or apt to install it: the browser tests of the explorer are skipped"
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
limited="timeout 180"
command -v timeout >/dev/null 2>&1 || limited=""
$limited sh -c 'apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core ||
    { apt-get update -q && apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core; }' \
    >/dev/null 2>&1 || echo "chromium cannot be installed: the browser tests of the explorer are skipped"
exit 0
