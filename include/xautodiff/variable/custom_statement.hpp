// SPDX-License-Identifier: BSD-3-Clause
// The entries of an operation of the user's with its own pullback: one that holds the context and refers to the operands,
// and one for each result, which only hands its adjoint to the first. So pullback runs once, when all have arrived.
#pragma once

#include <xautodiff/variable/adjoint_bundle.hpp>
#include <xautodiff/variable/saved.hpp>

namespace xautodiff::variable
{
    template <class X>
    inline constexpr bool is_tuple = false;
    template <class... X>
    inline constexpr bool is_tuple<std::tuple<X...>> = true;

    /// What a user's function gives: one thing, or a tuple of several.
    template <class X>
    auto as_tuple(X x)
    {
        if constexpr (is_tuple<X>)
        {
            return x;
        }
        else
        {
            return std::tuple<X>(std::move(x));
        }
    }

    /// What an expression, a container or a number is as a Variable.
    template <class P>
    using recorded_t = Variable<stored_t<P>>;

    /// Whether nobody but one Variable knows a node, so that its elements may be taken from it.
    template <class T>
    bool is_temporary(const node<T>& n)
    {
        return n.is_leaf() && n.references == 1 && n.uses == 0 && !n.has(flag::has_side);
    }

    /// The elements as a T of some shape, to which theirs broadcasts the other way round.
    template <class T, class U>
    T summed_to(const array::shape& shape, Variable<U>& v)
    {
        const bool is_same = shape_of(v.data()) == shape;
        if constexpr (std::same_as<T, U>)
        {
            if (is_same)
            {
                return is_temporary(*v.object()) ? T(std::move(v.object()->value)) : v.data();
            }
        }
        T out{};
        array::traits<T>::resize(out, shape);
        is_same ? array::copy(array::traits<T>::ref(out), array::traits<U>::ref(v.data()))
                : array::sum_to(array::traits<T>::ref(out), array::traits<U>::ref(v.data()));
        return out;
    }

    template <class Op, class Results, class Operands>
    class custom_statement;

    template <class Op, class... R, class... T>
    class custom_statement<Op, std::tuple<R...>, std::tuple<T...>>
    {
    public:
        using context = typename Op::context;
        using results = std::tuple<Variable<R>...>;
        using operands = std::array<node_base*, sizeof...(T)>;

        /// Puts a call on the tape whose forward has run.
        static results record(context&& c, results&& given, const operands& x)
        {
            auto* n = append_node<adjoint_bundle<R...>>(type, state_at + sizeof(state),
                                                        std::max({alignof(hub), alignof(state), std::size_t(8)}));
            const handle<adjoint_bundle<R...>> held(n);
            ::new (reinterpret_cast<char*>(n) + state_at) state{std::move(c), {}, {}, {}};
            detail::refer_to(*n, x.data(), x.size());
            return [&]<std::size_t... I>(std::index_sequence<I...>)
            { return results{result<I>(*n, std::get<I>(given))...}; }(std::index_sequence_for<R...>{});
        }

    private:
        using hub = node<adjoint_bundle<R...>>;
        using adjoints = std::tuple<Variable<R>...>;

        struct state
        {
            context values;
            std::array<array::shape, sizeof...(R)> shapes;
            std::array<std::optional<reference>, sizeof...(R)>
                given;                                     ///< by forward, where a result shows its elements
            std::array<node_base*, sizeof...(R)> entries;  ///< the results' own, as long as they live
        };

        static_assert(std::is_nothrow_move_constructible_v<context>,
                      "xautodiff: the context of an operation must move without throwing");

        static constexpr std::size_t operands_at = detail::operands_behind<adjoint_bundle<R...>>;
        static constexpr std::size_t state_at =
            (operands_at + sizeof...(T) * sizeof(operand) + alignof(state) - 1) / alignof(state) * alignof(state);

        static state& state_of(node_base& n)
        {
            return *std::launder(reinterpret_cast<state*>(reinterpret_cast<char*>(&n) + state_at));
        }

        static void destroy_state(node_base& n) noexcept { state_of(n).~state(); }

        static constexpr auto outline = []
        {
            std::array<outline_step, sizeof...(T) + 1> out{};
            out[0].template name_after<Op>();
            out[0].end = int(sizeof...(T)) + 1;
            for (int k = 0; k < int(sizeof...(T)); ++k)
            {
                out[std::size_t(k) + 1].end = k + 2;
                out[std::size_t(k) + 1].variable = k;
            }
            return out;
        }();

        // ---- results -------------------------------------------------------------------------------------------------

        /// An entry for a result that shows, or takes over, the elements of the node that forward gave.
        template <std::size_t I, class U>
        static Variable<U> result(hub& n, Variable<U>& v)
        {
            state& s = state_of(n);
            s.shapes[I] = shape_of(v.data());
            if constexpr (!std::is_floating_point_v<typename array::traits<U>::value_type>)
            {
                return std::move(v);
            }
            else
            {
                node<U>& from = *v.object();
                const bool is_ours = is_temporary(from);
                node_base* const to_hub[]{&n};
                handle<U> out =
                    detail::append_entry<U>(result_type<I, U>, is_ours ? std::move(from.value) : U(), to_hub, 1);
                if (!is_ours)
                {
                    node<U>& shown = static_cast<node<U>&>(elements_of(from));
                    side_base& of_shown = side_of(shown);
                    side_of(*out).elements = &shown;
                    ++of_shown.element_users;
                    out->set(flag::shares);
                    s.given[I].emplace(from);
                }
                s.entries[I] = out.get();
                return Variable<U>(std::move(out));
            }
        }

        template <std::size_t I, class U>
        static void pull_result(sweep& s, node_base& n)
        {
            node<U>& typed = static_cast<node<U>&>(n);
            const bool is_kept = n.has(flag::kept) || (n.has(flag::has_side) && n.side->retains_grad);
            adjoint_bundle<R...> arrived;
            std::get<I>(arrived.parts) = is_kept ? typed.adjoint() : std::move(typed.adjoint());
            s.deliver(static_cast<hub&>(*operands_of(n)[0].node()), std::move(arrived));
        }

        /// The adjoint stays where it is: it is looked for there, when it is the operation's turn.
        static void derive_result(traced_pass& pass, node_base& n, const traced&)
        {
            pass.deliver(*operands_of(n)[0].node(), traced(0.0));
        }

        template <std::size_t I>
        static void forget_result(node_base& n) noexcept
        {
            state& s = state_of(*operands_of(n)[0].node());
            s.entries[I] = s.entries[I] == &n ? nullptr : s.entries[I];
        }

        template <std::size_t I>
        static constexpr outline_step outline_of_result{{}, 1, 0, false, unsigned(I)};

        template <std::size_t I, class U>
        static constexpr node_type result_type{&container_of<U>,
                                               statement_kind::expression,
                                               &pull_result<I, U>,
                                               &derive_result,
                                               &forget_result<I>,
                                               &outline_of_result<I>,
                                               detail::uses_of_each<1>.data(),
                                               nullptr,
                                               0,
                                               1,
                                               1,
                                               0,
                                               unsigned(detail::operands_behind<U>)};

        // ---- backward ------------------------------------------------------------------------------------------------

        template <class U>
        static Variable<U> zeros(const array::shape& shape)
        {
            U out{};
            array::traits<U>::resize(out, shape);
            array::fill(array::traits<U>::ref(out), 0);
            return Variable<U>(std::move(out));
        }

        /// The gradients that pullback gives, one an operand; those of expressions have not been computed yet.
        static auto gradients(state& s, adjoints& adjoint)
        {
            auto all = as_tuple(std::apply([&](Variable<R>&... a)
                                           { return Op::pullback(std::as_const(s.values), std::as_const(a)...); },
                                           adjoint));
            static_assert(
                std::tuple_size_v<decltype(all)> == sizeof...(T),
                "xautodiff: an operation's pullback must give one gradient for each operand that is a Variable "
                "or an expression: a std::tuple of them, with ad::math::none where nothing flows");
            return all;
        }

        /// Calls f(operand, k, gradient) for each gradient that is asked for and given. Only those are computed.
        template <class G, class F>
        static void for_each_gradient(node_base& n, G& all, F f)
        {
            const auto look = [&]<class U>(std::size_t k, std::type_identity<U>, auto& g)
            {
                if (node_base* to = target_of(operands_of(n)[k]))
                {
                    give(n, static_cast<node<U>&>(*to), k, g, f);
                }
            };
            [&]<std::size_t... I>(std::index_sequence<I...>)
            { (look(I, std::type_identity<T>{}, std::get<I>(all)), ...); }(std::index_sequence_for<T...>{});
        }

        template <class U, class F>
        static void give(node_base&, node<U>&, std::size_t, math::none&, F&)
        {
        }
        template <class U, class P, class F>
        static void give(node_base& n, node<U>& to, std::size_t k, std::optional<P>& g, F& f)
        {
            if (g)
            {
                give(n, to, k, *g, f);
            }
        }
        template <class U, class P, class F>
        static void give(node_base& n, node<U>& to, std::size_t k, P& g, F& f)
        {
            recorded_t<P> v(std::move(g));
            const array::shape wanted = to.shape(), got = shape_of(v.data());
            if (!array::broadcasts_to(wanted, got))
            {
                throw error(message("Function %s returned an invalid gradient at index %d - got %s but expected shape "
                                    "compatible with %s",
                                    name_of(n).c_str(), int(k), to_string(got).c_str(), to_string(wanted).c_str()));
            }
            f(to, v, expression_like<P>);
        }

        static void pull(sweep& s, node_base& n)
        {
            if (wanted_adjoints(n) == 0)
            {
                return;
            }
            state& own = state_of(n);
            const no_grad guard;
            auto& parts = static_cast<hub&>(n).adjoint().parts;
            adjoints adjoint = [&]<std::size_t... I>(std::index_sequence<I...>) {
                return adjoints{std::get<I>(parts) ? Variable<R>(std::move(*std::get<I>(parts)))
                                                   : zeros<R>(own.shapes[I])...};
            }(std::index_sequence_for<R...>{});
            auto all = gradients(own, adjoint);
            for_each_gradient(n, all,
                              [&]<class U, class V>(node<U>& x, Variable<V>& g, bool)
                              { s.deliver(x, summed_to<U>(x.shape(), g)); });
        }

        static void derive(traced_pass& pass, node_base& n, const traced&)
        {
            if (wanted_adjoints(n) == 0)
            {
                return;
            }
            state& own = state_of(n);
            [&]<std::size_t... I>(std::index_sequence<I...>)
            {
                adjoints adjoint{arrived<R>(pass, own, I)...};
                // Those that were saved are to be found as results of this entry, if need be anew.
                const std::tuple held{on_record<I, R>(static_cast<hub&>(n), own)...};
                const std::array given{(own.given[I] ? own.given[I]->get() : nullptr)...};
                const results_on_record results(given.data(), own.entries.data(), sizeof...(R));
                auto all = gradients(own, adjoint);
                for_each_gradient(n, all,
                                  [&]<class U, class V>(node<U>& x, Variable<V>& g, bool is_on_record)
                                  {
                                      if (!is_on_record && !pass.is_suspicious())
                                      {
                                          throw error(
                                              message("create_graph does not reach through %s: its pullback gives "
                                                      "plain values; write it with operations on the Variables "
                                                      "that it is given",
                                                      name_of(n).c_str()));
                                      }
                                      traced part = erased(*g.object());
                                      if (!(part.shape() == x.shape()))
                                      {
                                          part = traced::record<op::sum_to>(part, erased(x));
                                      }
                                      if (pass.is_suspicious())
                                      {
                                          detail::require_no_nan(n, x, part);
                                      }
                                      pass.deliver(x, part);
                                  });
            }(std::index_sequence_for<R...>{});
        }

        template <class U>
        static Variable<U> arrived(traced_pass& pass, state& s, std::size_t k)
        {
            const traced a = s.entries[k] != nullptr ? pass.arrived(*s.entries[k]) : traced();
            return a ? Variable<U>(as_container<U>(a)) : zeros<U>(s.shapes[k]);
        }

        template <std::size_t I, class U>
        static std::optional<Variable<U>> on_record(hub& n, state& s)
        {
            if (!s.given[I] || s.entries[I] != nullptr)
            {
                return std::nullopt;
            }
            Variable<U> given = same_variable(static_cast<node<U>&>(**s.given[I]));
            return result<I>(n, given);
        }

        static constexpr node_type type{&container_of<adjoint_bundle<R...>>,
                                        statement_kind::expression,
                                        &pull,
                                        &derive,
                                        &destroy_state,
                                        outline.data(),
                                        detail::uses_of_each<sizeof...(T)>.data(),
                                        nullptr,
                                        std::is_empty_v<context> ? 0 : ~std::uint64_t(0),
                                        int(sizeof...(T)),
                                        unsigned(sizeof...(T)),
                                        0,
                                        unsigned(operands_at)};
    };
}
