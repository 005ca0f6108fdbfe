#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: must_not_compile.sh FILE COMPILER [FLAG...]
#
# FILE is a misuse of the library, and its mend under `#ifdef FIXED`. It passes if
#   - with -DFIXED it compiles: nothing but the misuse is wrong with it;
#   - without, it does not, and every extended regular expression stated in a line `// expect: <regex>` matches a line
#     of what the compiler says. The compiler is told not to quote the source, so a file cannot match its own text.
set -u
export LC_ALL=C
file=$1 compiler=$2
shift 2
command=("$compiler" "$@" -fsyntax-only)
if "$compiler" --version | grep -qi clang; then
    command+=(-fno-caret-diagnostics)
else
    command+=(-fno-diagnostics-show-caret)
fi

die() { printf '%s: %s\n' "$file" "$1"; exit 1; }

grep -q '^#ifdef FIXED' "$file" || die "has no '#ifdef FIXED' branch"
mapfile -t expected < <(sed -nE 's|^// expect: (.+)$|\1|p' "$file")
((${#expected[@]})) || die "states no message: add a line '// expect: <regex>'"

fixed=$("${command[@]}" -DFIXED "$file" 2>&1) || die "does not compile with -DFIXED:
$fixed"

message=$("${command[@]}" "$file" 2>&1) && die "compiles, and must not"
# A compiler that crashed or was not found has not rejected the program.
grep -q 'error: ' <<<"$message" || die "failed without an error of the program:
$message"

status=0
for regex in "${expected[@]}"; do
    grep -Eq -- "$regex" <<<"$message" || { printf '%s: no line matches: %s\n' "$file" "$regex"; status=1; }
done
((status == 0)) || printf 'The compiler said:\n%s\n' "$message"
exit "$status"
