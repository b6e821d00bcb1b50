#!/bin/sh
# One export, read by several machines over SSH: machines.sh EXPORT HOST... In a folder with rivet.yaml that every
# machine has at the same place, with a file `env` beside it that exports RIVET_STATE_URL and the variables that
# rivet.yaml names. Each machine claims chunks until none is left. When something has failed, the same command goes
# on with what is left.
set -eu
export_name=$1
shift
folder=$PWD
plan=plan-$export_name.json

. ./env
[ -e "$plan" ] || rivet plan --config rivet.yaml --export "$export_name" --format pretty --output "$plan"
pids=
for host in "$@"; do
  scp -q "$plan" "$host:$folder/"
  ssh "$host" "cd '$folder' && . ./env && exec rivet apply '$plan' --claim" &
  pids="$pids $!"
done
# The chunks of a machine that is lost are read by the others: what counts is whether the run is whole.
for pid in $pids; do
  wait "$pid" || echo "a machine has failed" >&2
done
rivet apply "$plan" --finish
rm "$plan"
