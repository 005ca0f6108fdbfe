#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# In a page of docs/, a block after a line `<!-- examples/NAME -->` is that file, without the licence line of a program.
# Each page named on the command line, after the root, must show at least one.
set -euo pipefail
root=$1
shift
for page; do
    files=$(sed -n 's/^<!-- \(examples\/.*\) -->$/\1/p' "$root/$page")
    [ -n "$files" ] || { echo "$page shows no program" >&2; exit 1; }
    for file in $files; do
        block=$(awk -v mark="<!-- $file -->" '$0 == mark { found = 1; next } found && /^```/ { if (inside) exit; inside = 1; next } inside' "$root/$page")
        diff <(echo "$block") <(grep -v '^// SPDX' "$root/$file") || { echo "$page does not show $file as it is" >&2; exit 1; }
    done
done
