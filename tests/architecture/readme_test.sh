#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# The program in README.md is examples/readme.cpp, and what it says it prints is examples/readme.out.
set -euo pipefail
root=$1

block() # the lines of the n-th fenced block of README.md that starts with the given fence
{
    awk -v open="$1" -v want="$2" '$0 == open && !inside { inside = 1; ++n; next } $0 == "```" && inside { inside = 0; next } inside && n == want' "$root/README.md"
}

diff <(block '```cpp' 1) <(tail -n +2 "$root/examples/readme.cpp")
diff <(awk '$0 == "```" && !inside && !cpp { inside = 1; next } $0 == "```cpp" { cpp = 1; next } $0 == "```" { if (inside) exit; cpp = 0; next } inside' "$root/README.md") "$root/examples/readme.out"
