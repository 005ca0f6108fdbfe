#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# usage: checker_test.sh CHECK_INCLUDES_SCRIPT
# The checker accepts a small tree that keeps the rules, and refuses it with any one rule broken.
set -u
script=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
status=0

# header PATH INCLUDE...: writes a well-formed header.
header()
{
    local path=$dir/xautodiff/$1
    mkdir -p "${path%/*}"
    printf '%s\n' '// SPDX-License-Identifier: BSD-3-Clause' '#pragma once' >"$path"
    shift
    (($# == 0)) || printf '#include %s\n' "$@" >>"$path"
}

fresh()
{
    rm -rf "$dir/xautodiff"
    header array/xtensor.hpp '<xtensor/xarray.hpp>' '<vector>'
    header array/blas.hpp '<xflens/cxxblas/drivers/cblas.h>'
    header array/shape.hpp
    header op/sum.hpp '<xautodiff/array/shape.hpp>' '<boost/hana/tuple.hpp>'
    header graph/step.hpp '<xautodiff/op/sum.hpp>'
    header functional/grad.hpp '<xautodiff/graph/step.hpp>'
    header io/print.hpp '<xautodiff/functional/grad.hpp>'
    header core.hpp '<xautodiff/functional/grad.hpp>'
    header linalg.hpp '<xautodiff/core.hpp>' '<xtensor-blas/xlinalg.hpp>'
    header io.hpp '<xautodiff/io/print.hpp>'
}

refuses()
{
    local output
    if output=$(bash "$script" "$dir/xautodiff") || [[ $output != *"$1"* ]]; then
        printf 'not refused: %s (said: %s)\n' "$1" "$output"
        status=1
    fi
    fresh
}

fresh
bash "$script" "$dir/xautodiff" || { echo "refused a tree that keeps the rules"; status=1; }

header op/early.hpp '<xautodiff/graph/step.hpp>';       refuses "op/early.hpp: includes graph/step.hpp"
header graph/leaf.hpp '<xautodiff/io/print.hpp>';       refuses "graph/leaf.hpp: includes io/print.hpp"
header core.hpp '<xautodiff/io/print.hpp>';             refuses "core.hpp: includes io/print.hpp"
header graph/all.hpp '<xautodiff/core.hpp>';            refuses "graph/all.hpp: includes the umbrella core.hpp"
header io/all.hpp '<xautodiff/core.hpp>';               refuses "io/all.hpp: includes the umbrella core.hpp"
header op/array.hpp '<xtensor/xmath.hpp>';              refuses "op/array.hpp: includes <xtensor/xmath.hpp>"
header op/array.hpp '<xtl/xtype_traits.hpp>';           refuses "op/array.hpp: includes <xtl/xtype_traits.hpp>"
header op/array.hpp '<xtensor-blas/xblas.hpp>';         refuses "op/array.hpp: includes <xtensor-blas/xblas.hpp>"
header array/blas.hpp '<cblas.h>';                      refuses "array/blas.hpp: includes <cblas.h>"
header op/dot.hpp '<xflens/cxxblas/drivers/cblas.h>';   refuses "op/dot.hpp: includes <xflens/cxxblas/drivers/cblas.h>"
header core.hpp '<xtensor/xarray.hpp>';                 refuses "core.hpp: includes <xtensor/xarray.hpp>"
header graph/set.hpp '<boost/hana/set.hpp>';            refuses "graph/set.hpp: includes <boost/hana/set.hpp>"
header graph/gone.hpp '<xautodiff/graph/nowhere.hpp>';  refuses "graph/nowhere.hpp>, which is not there"
header graph/near.hpp '"step.hpp"';                     refuses 'includes "step.hpp"'
header utils/misc.hpp;                                  refuses "no folder utils/"
header op/free.hpp; sed -i 1d "$dir/xautodiff/op/free.hpp";  refuses "op/free.hpp: has no licence line"
header op/twice.hpp; sed -i 2d "$dir/xautodiff/op/twice.hpp"; refuses "op/twice.hpp: has no #pragma once"
rm -rf "$dir/xautodiff"; mkdir "$dir/xautodiff";        refuses "no headers found"
exit "$status"
