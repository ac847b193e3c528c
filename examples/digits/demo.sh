#!/bin/sh
# What `make demo` shows: a real training measured, what it would emit elsewhere, and its page.
set -eu
here=$(dirname "$0")
store=${BRIZNA_STORE:-$here/../../.brizna}
zone=${BRIZNA_ZONE:-ES}
export BRIZNA_STORE="$store"

echo "Training a network on handwritten digits, measured by: brizna run --zone $zone -- python train.py"
brizna run --name digits --tag demo --zone "$zone" -- python "$here/train.py"
echo
brizna show last --zones "$zone,FR,DE,PL"
echo
echo "The page to open:"
brizna open last --zones "$zone,FR,DE,PL" --no-browser
