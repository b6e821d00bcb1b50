#!/bin/sh
# One export, read by several processes of this machine: processes.sh EXPORT TASKS. In a folder with rivet.yaml, and
# with RIVET_STATE_URL and the variables that rivet.yaml names in the environment. When something has failed, the
# same command goes on with what is left.
set -eu
export_name=$1
tasks=$2
plan=plan-$export_name.json

[ -e "$plan" ] || rivet plan --config rivet.yaml --export "$export_name" --format pretty --output "$plan"
# A task that fails makes xargs fail; the others are read to their end.
seq 0 $((tasks - 1)) | xargs -P "$tasks" -I % rivet apply "$plan" --task "%/$tasks"
rivet apply "$plan" --finish
rm "$plan"
