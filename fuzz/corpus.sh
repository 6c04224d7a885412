#!/bin/sh
# Packs the corpus folders into one line an input, or unpacks them.
set -eu
cd "$(dirname "$0")/corpus"
case "${1:-}" in
pack)
    for target in codec parts; do
        for input in "$target"/*; do xxd -p "$input" | tr -d '\n'; echo; done | sort -u >"$target.hex"
    done
    ;;
unpack)
    for target in codec parts; do
        mkdir -p "$target"
        n=0
        while read -r line; do
            n=$((n + 1))
            printf '%s' "$line" | xxd -r -p >"$target/kept$n"
        done <"$target.hex"
    done
    ;;
*)
    echo "usage: corpus.sh pack|unpack" >&2
    exit 2
    ;;
esac
