// SPDX-License-Identifier: BSD-3-Clause
// Every operation through the graph and the loops over arrays: value, gradients and second derivatives are PyTorch's.
#include <xautodiff/xautodiff.hpp>

#include <doctest/doctest.h>

#include "../oracle/check_values.hpp"
#include "../oracle/op_nodes.hpp"

namespace ad = xautodiff;
namespace oracle = xautodiff::oracle;
namespace graph = xautodiff::graph;
using container = xt::xarray<double>;

namespace
{
    constexpr int arguments = 4;

    template <int I>
    using input = oracle::case_input<container, I>;
    using seed = input<arguments>;
    template <int I>
    using direction = input<arguments + 1 + I>;

    /// The value; the gradients for a seed; and, for the arguments in `Active` (as bits), the gradients of the sum of
    /// gradient times direction.
    template <class Node, unsigned Active>
    struct case_request
    {
        static constexpr graph::draft build(bool merge)
        {
            return build(merge, std::make_integer_sequence<int, arguments>{});
        }

        template <int... I>
        static constexpr graph::draft build(bool merge, std::integer_sequence<int, I...>)
        {
            graph::lowering l(graph::payload_count<Node>, merge);
            const std::vector<int> sources{l.lower<input<I>>().index...};
            const std::array directions{l.lower<direction<I>>()...};
            const graph::symbol v = l.lower<seed>();
            const graph::symbol y = l.lower<Node>();
            std::vector<graph::symbol> out{y};
            graph::detail::append_adjoints(l, y, v, sources, out);
            graph::symbol total = l.steps.literal(0);
            ((Active >> unsigned(I) & 1u ? void(total = total + ad::math::sum(out[std::size_t(I + 1)] * directions[I]))
                                         : void()),
             ...);
            graph::detail::append_adjoints(l, total, l.steps.literal(1), sources, out);
            return graph::without_dead_steps(l, out);
        }
    };

    /// Which arguments a node reads, but for masks.
    template <class N>
    inline constexpr unsigned reads = 0;
    template <int I>
    inline constexpr unsigned reads<input<I>> = 1u << unsigned(I);
    template <class Op, class... X>
    inline constexpr unsigned reads<ad::expression::apply<Op, X...>> = (reads<X> | ... | 0u);
    template <class M, class... X>
    inline constexpr unsigned reads<ad::expression::apply<ad::op::where, M, X...>> = (reads<X> | ...);

    container to_container(const oracle::array& a)
    {
        container out(std::vector<std::size_t>(a.extents.begin(), a.extents.end()));
        std::copy(a.values.begin(), a.values.end(), out.begin());
        return out;
    }

    ad::array::array_ref<const double> values_of(const container& c) { return ad::array::traits<container>::ref(c); }

    struct case_data
    {
        std::array<container, 2 * arguments + 1> in;
        std::array<container, 2 * arguments + 1> out;

        explicit case_data(const oracle::op_case& c)
        {
            for (std::size_t i = 0; i < c.arguments.size(); ++i)
            {
                in[i] = to_container(c.arguments[i]);
            }
            in[arguments] = to_container(c.seed);
            for (std::size_t i = 0; i < c.directions.size(); ++i)
            {
                in[arguments + 1 + i] = to_container(c.directions[i]) * (c.gradients[i] ? 1 : 0);
            }
        }
    };
}

namespace
{
    template <unsigned Active, class Node>
    void run(const Node& node, case_data& data, bool with_second)
    {
        [&]<std::size_t... I>(std::index_sequence<I...>)
        {
            const std::tuple in{static_cast<const container*>(&data.in[I])...};
            const std::tuple out{I <= arguments || with_second ? &data.out[I] : nullptr...};
            ad::evaluate::evaluate_into<case_request<Node, Active>, double, ad::array::family::xtensor>(node, in, out);
        }(std::make_index_sequence<2 * arguments + 1>{});
    }

    unsigned active_arguments(const oracle::op_case& c)
    {
        unsigned bits = 0;
        for (std::size_t i = 0; i < c.gradients.size(); ++i)
        {
            bits |= c.gradients[i] ? 1u << i : 0u;
        }
        return bits;
    }

    void check(const oracle::op_case& c, const auto& node)
    {
        using Node = std::remove_cvref_t<decltype(node)>;
        constexpr oracle::tolerance allowed{1e-14}, allowed_of_second{1e-13, 1e-15};
        case_data data(c);
        const bool with_second = !c.second.empty();
        // A power's derivatives may be nan along an argument that is not asked for.
        if constexpr (std::same_as<Node, ad::expression::apply<ad::op::pow, input<0>, input<1>>>)
        {
            switch (active_arguments(c))
            {
            case 1:
                run<1>(node, data, with_second);
                break;
            case 2:
                run<2>(node, data, with_second);
                break;
            default:
                run<3>(node, data, with_second);
            }
        }
        else
        {
            run<reads<Node>>(node, data, with_second);
        }
        oracle::check_values(values_of(data.out[0]), c.output, allowed);
        for (std::size_t i = 0; i < c.arguments.size(); ++i)
        {
            CAPTURE(i);
            if (const auto wanted = oracle::expected_gradient(c, i))
            {
                oracle::check_values(values_of(data.out[1 + i]), *wanted, allowed);
                if (with_second)
                {
                    oracle::check_values(values_of(data.out[1 + arguments + i]), *c.second[i], allowed_of_second);
                }
            }
        }
    }
}

TEST_CASE("every operation on arrays has PyTorch's value, gradients and second derivatives")
{
    const auto cases = oracle::read_op_cases(XAUTODIFF_TEST_DATA "/op_cases.txt");
    CHECK(cases.size() > 500);
    for (const oracle::op_case& c : cases)
    {
        CAPTURE(c.name);
        oracle::for_each_node<container>(c, [&](const auto& node) { check(c, node); });
    }
}
