// SPDX-License-Identifier: BSD-3-Clause
// Sacado (Trilinos): reverse mode, a tape that is built anew at each evaluation.
#include <Sacado_trad.hpp>

#include "scalar_rows.hpp"

namespace
{
    struct sacado
    {
        using number = Sacado::Rad::ADvar<double>;

        static double value(const number& n) { return n.val(); }

        template <int, class F>
        static auto bind(F f, std::size_t n, bool)
        {
            return [f, inputs = std::vector<number>(n)](const peers::numbers& at, peers::numbers& gradient) mutable
            {
                for (std::size_t i = 0; i < at.size(); ++i)
                {
                    inputs[i] = at[i];
                }
                const number result = f(static_cast<const number*>(inputs.data()));
                number::Gradcomp();
                for (std::size_t i = 0; i < at.size(); ++i)
                {
                    gradient[i] = inputs[i].adj();
                }
                return result.val();
            };
        }
    };
}

void measure::add_rows() { peers::scalar_rows<sacado>("sacado", {.inputs = 100000, .iterations = 1000000}).add(); }
