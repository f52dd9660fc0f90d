#!/bin/sh
# System packages that tests talk to: mosquitto (a real broker), chromium (a real browser), npm (fetches the
# detector model), gcc with gcov and clang with its fuzzer (the signal core in C). Installed when we are root on
# Debian; otherwise named, and the tests that need them skip.
set -eu
missing=""
PATH="$PATH:/usr/sbin:/sbin"
for package in mosquitto chromium npm ffmpeg gcc clang; do
  command -v "$package" >/dev/null 2>&1 || missing="$missing $package"
done
# The fuzzer's library is only recommended by Debian's clang.
case "$missing" in *clang*) missing="$missing libclang-rt-dev" ;; esac
# The firmware's compiler and the simulator that runs it: neither is named like its package.
command -v avr-gcc >/dev/null 2>&1 || missing="$missing gcc-avr avr-libc"
[ -e /usr/include/simavr/sim_avr.h ] || missing="$missing simavr libsimavr-dev libelf-dev"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing for the tests:$missing"
  apt-get update -qq
  # shellcheck disable=SC2086  # one word a package
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
  # Debian's mosquitto starts a service of its own; the tests start theirs on free ports.
  exit 0
fi
echo "not installed, so the tests that need them will skip:$missing"
echo "to run them all: sudo apt-get install$missing"
