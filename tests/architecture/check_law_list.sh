#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: check_law_list.sh OPERATIONS LAWS
#
# Every operation in the headers of OPERATIONS (a struct with a name) has a sample in the directory LAWS, so that no rule
# goes without its laws.
set -u
operations=$1 laws=$2 status=0 count=0

for operation in $(awk '$1 == "struct" { name = $2 } /string_view name =/ { print name }' "$operations"/*.hpp); do
    count=$((count + 1))
    grep -qE "at<op::$operation[<>]" "$laws"/*.?pp || { echo "$laws: no sample of op::$operation"; status=1; }
done
((count > 0)) || { echo "$operations: no operation found"; status=1; }
exit $status
