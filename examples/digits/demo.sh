#!/bin/sh
# What `make demo` shows: a real training measured, what it would emit elsewhere, and its page.
set -eu
here=$(dirname "$0")
zone=${BRIZNA_ZONE:-ES}
BRIZNA_STORE=${BRIZNA_STORE:-$here/../../.brizna}
export BRIZNA_STORE
result=$(mktemp)
trap 'rm -f "$result"' EXIT

echo "Training a network on handwritten digits, measured by: brizna run --zone $zone -- python train.py"
brizna run --name demo --tag demo --zone "$zone" --json "$result" -- python "$here/train.py"
run=$(python -c 'import json, sys; print(json.load(open(sys.argv[1]))["id"])' "$result")
echo
brizna show "$run" --zones "$zone,FR,DE,PL"
echo
echo "The page to open:"
brizna open "$run" --zones "$zone,FR,DE,PL" --no-browser
