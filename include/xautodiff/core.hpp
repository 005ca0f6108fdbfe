// SPDX-License-Identifier: BSD-3-Clause
// Everything that needs no xtensor: numbers and std::array, constexpr throughout, quick to include.
#pragma once

// A user's variables may be called as our parameters are.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif

#include <xautodiff/evaluate/facade.hpp>
#include <xautodiff/expression/structured.hpp>
#include <xautodiff/functional/bind.hpp>
#include <xautodiff/functional/check_grads.hpp>
#include <xautodiff/functional/dot.hpp>
#include <xautodiff/functional/formula.hpp>
#include <xautodiff/functional/grad.hpp>
#include <xautodiff/functional/hessian.hpp>
#include <xautodiff/functional/jacobian.hpp>
#include <xautodiff/functional/jvp.hpp>
#include <xautodiff/functional/vjp.hpp>
#include <xautodiff/functional/vmap.hpp>

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
