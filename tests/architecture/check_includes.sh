#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: check_includes.sh INCLUDE_DIRECTORY_OF_THE_LIBRARY
#
# Includes run one way: a header in a folder may include headers of its own folder and of those before it in `order`.
# io/ may include any folder, and is included by itself and by io.hpp only. The headers beside the folders (the
# umbrellas) may include any folder, and each other, and no folder's header includes them. Other libraries come in
# through one door each. The files' own form (licence line, #pragma once) is checked on the way.
set -u
order=(array op expression graph evaluate variable functional)
root=$1
status=0

complain() { printf '%s: %s\n' "$1" "${*:2}"; status=1; }

# rank FOLDER: its place in the order; nothing for a folder that is not in it.
rank()
{
    local i
    for i in "${!order[@]}"; do [[ ${order[i]} == "$1" ]] && printf '%s' "$i"; done
}

# folder PATH: "op" for op/math.hpp, "" for core.hpp.
folder() { [[ $1 == */* ]] && printf '%s' "${1%%/*}"; }

check_own_include()
{
    local header=$1 target=$2 from to
    from=$(folder "$header") to=$(folder "$target")
    [[ -f $root/$target ]] || { complain "$header" "includes <xautodiff/$target>, which is not there"; return; }
    if [[ $to == io && $from != io && $header != io.hpp ]]; then
        complain "$header" "includes $target; io/ is a leaf: only io.hpp may"
    elif [[ -z $from || $from == io && -n $to ]]; then
        : # an umbrella, or io/ using the library
    elif [[ -z $to ]]; then
        complain "$header" "includes the umbrella $target"
    elif [[ -n $(rank "$from") && -n $(rank "$to") ]] && (($(rank "$to") > $(rank "$from"))); then
        complain "$header" "includes $target; the order is ${order[*]}"
    fi
}

check_foreign_include()
{
    local header=$1 target=$2
    case $target in
    cblas.h | */cblas.h)
        if [[ $target != xflens/cxxblas/drivers/cblas.h ]]; then
            complain "$header" "includes <$target>, whose declarations contradict xtensor-blas's; it brings its own:" \
                "<xflens/cxxblas/drivers/cblas.h>"
        elif [[ $header != array/blas.hpp && $header != array/xtensor.hpp && $header != linalg.hpp ]]; then
            complain "$header" "includes <$target>; only array/blas.hpp, array/xtensor.hpp and linalg.hpp may"
        fi ;;
    xtensor-blas/* | xflens/*)
        [[ $header == array/xtensor.hpp || $header == linalg.hpp ]] \
            || complain "$header" "includes <$target>; only array/xtensor.hpp and linalg.hpp may" ;;
    xtensor/* | xtl/*)
        [[ $header == array/xtensor.hpp ]] || complain "$header" "includes <$target>; only array/xtensor.hpp may" ;;
    boost/hana.hpp | boost/hana/set.hpp | boost/hana/map.hpp)
        complain "$header" "includes <$target>; Hana by granular headers, and no sets or maps (slow to compile)" ;;
    esac
}

headers=0
while IFS= read -r path; do
    headers=$((headers + 1))
    header=${path#"$root"/}
    from=$(folder "$header")
    [[ -z $from || $from == io || -n $(rank "$from") ]] || complain "$header" "the library has no folder $from/"
    [[ $(head -n 1 "$path") == '// SPDX-License-Identifier: BSD-3-Clause' ]] || complain "$header" "has no licence line"
    grep -q '^#pragma once$' "$path" || complain "$header" "has no #pragma once"
    while IFS= read -r include; do
        target=${include:1:-1}
        if [[ $include == '<xautodiff/'* ]]; then
            check_own_include "$header" "${target#xautodiff/}"
        elif [[ $include == '"'* ]]; then
            complain "$header" "includes $include; write <xautodiff/...>"
        else
            check_foreign_include "$header" "$target"
        fi
    done < <(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*(<[^>]*>|"[^"]*").*/\1/p' "$path")
done < <(find "$root" -type f | sort)

((headers)) || complain "$root" "no headers found"
((status)) || printf '%d headers, all in order\n' "$headers"
exit "$status"
