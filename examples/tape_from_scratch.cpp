// SPDX-License-Identifier: BSD-3-Clause
// A tape from scratch, and this library's beside it.
#include <xautodiff/io.hpp>

#include <cmath>
#include <iostream>
#include <vector>

namespace ad = xautodiff;

namespace scratch
{
    // One entry an operation: where its operands are, and how much the result changes with each.
    struct entry
    {
        std::size_t operand[2];
        double partial[2];
    };
    std::vector<entry> tape;

    struct number
    {
        double value;
        std::size_t index;  // of its entry
    };

    number record(double value, number a, double by_a, number b, double by_b)
    {
        tape.push_back({{a.index, b.index}, {by_a, by_b}});
        return {value, tape.size() - 1};
    }
    number leaf(double value) { return record(value, {}, 0, {}, 0); }

    number operator+(number a, number b) { return record(a.value + b.value, a, 1, b, 1); }
    number operator*(number a, number b) { return record(a.value * b.value, a, b.value, b, a.value); }
    number operator*(double c, number a) { return record(c * a.value, a, c, {}, 0); }
    number sin(number a) { return record(std::sin(a.value), a, std::cos(a.value), {}, 0); }

    // From the result back to the beginning: what comes later has passed on all that it got.
    std::vector<double> gradient(number y)
    {
        std::vector<double> adjoint(tape.size());
        adjoint[y.index] = 1;
        for (std::size_t i = y.index + 1; i-- > 0;)
        {
            for (int k = 0; k < 2; ++k)
            {
                adjoint[tape[i].operand[k]] += tape[i].partial[k] * adjoint[i];
            }
        }
        return adjoint;
    }
}

int main()
{
    const scratch::number u = scratch::leaf(0.7);
    scratch::number t = u;
    for (int i = 0; i < 1000; ++i)
    {
        t = 1.0001 * sin(t) + 0.5 * (t * u);
    }
    const double derivative = gradient(t)[u.index];
    std::cout << t.value << ' ' << derivative << ": " << scratch::tape.size() << " entries, for good\n";

    ad::Variable<double> x(0.7, ad::requires_grad);
    ad::Variable<double> s = x;
    for (int i = 0; i < 1000; ++i)
    {
        s = 1.0001 * ad::sin(s) + 0.5 * (s * x);
    }
    s.backward();
    std::cout << s.item() << ' ' << x.grad() << ": an entry a statement, which go with s\n";
}
