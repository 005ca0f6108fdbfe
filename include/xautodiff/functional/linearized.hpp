// SPDX-License-Identifier: BSD-3-Clause
// A node's value and its derivatives by all arguments, in both modes, from one graph: what check_grads compares.
#pragma once

#include <xautodiff/functional/elements.hpp>
#include <xautodiff/functional/returned.hpp>

namespace xautodiff::functional
{
    /// The value of Node, its tangent for tangents of the inputs, and the adjoints of the inputs for a seed.
    template <class Node, class Seed, class Inputs, class Tangents>
    struct linearization_of;

    template <class Node, class Seed, class... Input, class... Tangent>
    struct linearization_of<Node, Seed, graph::type_list<Input...>, graph::type_list<Tangent...>>
    {
        static constexpr graph::draft build(bool merge)
        {
            graph::lowering l(graph::payload_count<Node>, merge);
            const std::vector<int> sources{l.lower<Input>().index...};
            const std::vector<graph::symbol> tangents{l.lower<Tangent>()...};
            const graph::symbol seed = l.lower<Seed>();
            const graph::symbol y = l.lower<Node>();
            const graph::symbol tangent = graph::forward(l.steps, {y.index}, sources, tangents)[0];
            std::vector<graph::symbol> out{y, tangent ? tangent : l.steps.broadcast(l.steps.literal(0), y)};
            graph::detail::append_adjoints(l, y, seed, sources, out);
            return graph::without_dead_steps(l, out);
        }
    };

    /// A node whose inputs, identified by Id, stand for arguments X..., of which it keeps copies. Derivatives are by those of
    /// floating point.
    template <class Id, class Node, class... X>
    class linearized
    {
        static constexpr int count = int(sizeof...(X));
        template <int K>
        using argument = std::tuple_element_t<std::size_t(K), std::tuple<X...>>;
        using T = expression::value_type_of<Node>;
        static constexpr array::family family =
            std::max({expression::family_of<Node>, array::traits<X>::container_family...});

    public:
        using result = array::container_t<family, T, expression::static_shape_of<Node>>;

        linearized(const Node& node, const X&... x) : m_node(node), m_x(x...), m_tangents(x...), m_adjoints(x...)
        {
            // Before the value's shape is known: one that broadcasts to it.
            array::traits<result>::resize(m_seed, least_shape());
            run(&m_value, nullptr, false);
            m_seed = m_value;
            for_each_floating([this](auto k) { set_one(std::get<std::size_t(k())>(m_tangents), -1); });
        }

        const result& value() const { return m_value; }
        array::shape shape() const { return shape_of(m_value); }

        /// Calls f(k) for the position of every argument that is differentiated, as an integral constant.
        template <class F>
        static void for_each_floating(F f)
        {
            std::apply([&](auto... k) { (f(k), ...); }, floating{});
        }

        /// The value's elements where argument K has others.
        template <int K, class U>
        std::vector<double> value_at(const std::vector<U>& elements)
        {
            argument<K>& x = std::get<std::size_t(K)>(m_x);
            const argument<K> here = x;
            write_elements(x, shape_of(here), elements.data());
            result moved{};
            run(&moved, nullptr, false);
            x = here;
            return elements_of(moved);
        }

        /// The derivatives by all elements of argument K, row by row, by forward mode.
        template <int K>
        std::vector<double> forward()
        {
            auto& direction = std::get<std::size_t(K)>(m_tangents);
            const array::index rows = shape().size(), columns = shape_of(direction).size();
            std::vector<double> out(std::size_t(rows * columns));
            result tangent{};
            for (array::index j = 0; j < columns; ++j)
            {
                set_one(direction, j);
                run(nullptr, &tangent, false);
                const std::vector<double> column = elements_of(tangent);
                for (array::index i = 0; i < rows; ++i)
                {
                    out[std::size_t(i * columns + j)] = column[std::size_t(i)];
                }
            }
            set_one(direction, -1);
            return out;
        }

        /// The same by reverse mode.
        template <int K>
        std::vector<double> reverse()
        {
            std::vector<double> out;
            for (array::index i = 0; i < shape().size(); ++i)
            {
                set_one(m_seed, i);
                run(nullptr, nullptr, true);
                const std::vector<double> row = elements_of(std::get<std::size_t(K)>(m_adjoints));
                out.insert(out.end(), row.begin(), row.end());
            }
            return out;
        }

    private:
        template <std::size_t... K>
        static auto floating_among(std::index_sequence<K...>)
        {
            return std::tuple_cat(
                std::conditional_t<array::floating_container<argument<int(K)>>,
                                   std::tuple<std::integral_constant<int, int(K)>>, std::tuple<>>{}...);
        }
        using floating = decltype(floating_among(std::index_sequence_for<X...>{}));

        /// What is known of the value's shape, with extents 1 in place of others.
        static constexpr array::shape least_shape()
        {
            array::shape out;
            const array::shape known = expression::static_shape_of<Node>;
            for (int d = 0; d < known.rank; ++d)
            {
                out.push_back(known[d] == array::unknown ? 1 : known[d]);
            }
            return out;
        }

        const Node& m_node;
        std::tuple<X...> m_x, m_tangents, m_adjoints;
        result m_value{}, m_seed{};

        /// Zeros, but for a 1 at one place; none for -1.
        template <class C>
        static void set_one(C& c, array::index at)
        {
            using U = typename array::traits<C>::value_type;
            const array::shape s = shape_of(c);
            std::vector<U> elements(std::size_t(s.size()) + 1);
            if (at >= 0)
            {
                elements[std::size_t(at)] = U(1);
            }
            write_elements(c, s, elements.data());
        }

        template <class C>
        static std::vector<double> elements_of(const C& c)
        {
            const std::size_t size = std::size_t(shape_of(c).size());
            std::vector<double> out(size + 1);
            read_elements(c, out.data());
            out.resize(size);
            return out;
        }

        /// Only what is pointed to, and the adjoints where they are wanted, is computed.
        void run(result* value, result* tangent, bool with_adjoints)
        {
            const auto pointers = [](const auto&... x) { return std::tuple{&x...}; };
            const auto arguments = std::tuple_cat(std::apply(pointers, m_x), std::apply(pointers, m_tangents),
                                                  std::tuple<const result*>{&m_seed});
            const auto run_for = [&]<class... K>(K...)
            {
                using request = linearization_of<Node, input<Id, 2 * count, result>,
                                                 graph::type_list<input<Id, K::value, argument<K::value>>...>,
                                                 graph::type_list<input<Id, count + K::value, argument<K::value>>...>>;
                const std::tuple<result*, result*, argument<K::value>*...> results{
                    value, tangent, with_adjoints ? &std::get<std::size_t(K::value)>(m_adjoints) : nullptr...};
                evaluate::evaluate_into<request, T, family>(m_node, arguments, results);
            };
            std::apply(run_for, floating{});
        }
    };
}
