#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: runner_test.sh MUST_NOT_COMPILE_SCRIPT COMPILER
# The runner accepts a good file, and refuses one that breaks any one of its conditions.
set -u
script=$1 compiler=$2
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
status=0

# try WANTED NAME: runs the script on standard input; WANTED is "accept" or what its output must contain.
try()
{
    local output result=accept
    cat >"$dir/$2.cpp"
    output=$(bash "$script" "$dir/$2.cpp" "$compiler" -std=c++20) || result=$output
    if [[ $1 == accept && $result != accept || $1 != accept && $result != *"$1"* ]]; then
        printf '%s: wanted "%s", got: %s\n' "$2" "$1" "$result"
        status=1
    fi
}

good='#ifdef FIXED
int wheels = 4;
#else
static_assert(sizeof(int) == 1, "an int has four wheels");
#endif'

try accept good <<<"// expect: four [a-z]+
$good"
try "no line matches: five wheels" wrong_message <<<"// expect: four wheels
// expect: five wheels
$good"
try "states no message" no_message <<<"$good"
try "compiles, and must not" valid <<<"// expect: wheels
#ifdef FIXED
#endif"
try "does not compile with -DFIXED" typo <<<"// expect: wheels
#ifdef FIXED
int wheels = four;
#else
static_assert(false, \"wheels\");
#endif"
try "has no '#ifdef FIXED'" no_fix <<<"// expect: wheels
static_assert(false, \"wheels\");"
# Quoted source must not count: the comment names the text, the compiler's own message does not.
try "no line matches: secret" own_text <<<"// expect: secret
#ifdef FIXED
#else
int wheels = \"\"; // secret
#endif"
exit "$status"
