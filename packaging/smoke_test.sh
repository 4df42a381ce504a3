#!/usr/bin/env bash
# Runs the self-test of a built program as on a computer it was never on: packaging/smoke_test.sh dist/medseg/medseg
#
# The home is empty and not ASCII, there is no screen and, where the system lets us (Linux), no network.
set -euo pipefail
program=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
home=$(mktemp -d)/Zoë-内視鏡
mkdir "$home"
trap 'rm -rf "$(dirname "$home")"' EXIT

alone=()
if unshare --net --map-root-user true 2>/dev/null; then
  alone=(unshare --net --map-root-user)
fi
cd "$home"
env -i HOME="$home" USERPROFILE="$home" APPDATA="$home" LOCALAPPDATA="$home" SYSTEMROOT="${SYSTEMROOT:-}" \
  TMPDIR="$home" TEMP="$home" TMP="$home" PATH=/usr/bin:/bin LANG=C.UTF-8 QT_QPA_PLATFORM=offscreen \
  ${alone[@]+"${alone[@]}"} "$program" doctor --selftest
