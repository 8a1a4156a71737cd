#!/usr/bin/env bash
# skeleton.sh FOLDER: the workspace without its code, for a layer of the image that holds nothing but compiled dependencies:
# manifests, lockfile, and an empty source for each target.

. "$(dirname "$0")/../lib.sh"

folder=$1
cd "$ROOT"
while read -r file; do
    mkdir -p "$folder/$(dirname "$file")"
    case $file in
    *.rs) ;;
    *) cp "$file" "$folder/$file" ;;
    esac
    # What is not optimised away must compile: a program has a main.
    case $file in
    */main.rs) echo 'fn main() {}' >"$folder/$file" ;;
    */lib.rs) : >"$folder/$file" ;;
    esac
done < <(find . -path ./target -prune -o -path ./.tools -prune -o \
    \( -name Cargo.toml -o -name Cargo.lock -o -name main.rs -o -name lib.rs -o -path './scripts/image/*' -o -path ./scripts/lib.sh \) \
    -type f -print | LC_ALL=C sort)
