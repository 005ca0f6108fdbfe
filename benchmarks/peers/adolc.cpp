// SPDX-License-Identifier: BSD-3-Clause
// ADOL-C: reverse mode. The tape is recorded once, and evaluated again at each call, where the path is always the same.
#include <adolc/adolc.h>

#include "scalar_rows.hpp"

namespace
{
    struct adolc
    {
        static double value(const adouble& n) { return n.value(); }

        template <int, class F>
        static auto bind(F f, std::size_t, bool same_path)
        {
            const short tag = ++last_tag;
            return [=, is_recorded = false](const peers::numbers& at, peers::numbers& gradient) mutable
            {
                const int n = int(at.size());
                if (!is_recorded || !same_path)
                {
                    record(tag, f, at, same_path);
                    is_recorded = true;
                }
                double result = 0, one = 1;
                zos_forward(tag, 1, n, 1, at.data(), &result);
                fos_reverse(tag, 1, n, &one, gradient.data());
                return result;
            };
        }

    private:
        inline static short last_tag = 0;

        template <class F>
        static void record(short tag, const F& f, const peers::numbers& at, bool is_long)
        {
            // Its default buffers spill to files; in these the largest of the tapes stays in memory. They cost time at
            // each recording, so what is recorded again and again takes smaller ones.
            const unsigned buffer = is_long ? 1u << 25 : 1u << 12;
            trace_on(tag, 0, buffer, buffer, buffer, buffer, 0);
            std::vector<adouble> inputs(at.size());
            for (std::size_t i = 0; i < at.size(); ++i)
            {
                inputs[i] <<= at[i];
            }
            double result;
            adouble y = f(static_cast<const adouble*>(inputs.data()));
            y >>= result;
            trace_off();
        }
    };
}

void measure::add_rows() { peers::scalar_rows<adolc>("adolc", {.inputs = 100000, .iterations = 10000}).add(); }
