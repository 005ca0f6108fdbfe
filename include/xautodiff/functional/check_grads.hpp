// SPDX-License-Identifier: BSD-3-Clause
// ad::check_grads: are the derivatives of a function right? Forward and reverse mode are held against finite differences of
// the function's values and against each other, and the same again for its gradient.
#pragma once

#include <xautodiff/expression/structured.hpp>
#include <xautodiff/functional/finite_difference.hpp>
#include <xautodiff/functional/grad.hpp>
#include <xautodiff/functional/linearized.hpp>

#include <cstdio>
#include <string>

namespace xautodiff
{
    struct check_options
    {
        int order = 2;    ///< 1: first derivatives; 2: second ones too
        double eps = 0;   ///< the step of the differences, relative to max(1, |x|); 0 looks for one that fits
        double atol = 0;  ///< the absolute error allowed; 0 is 1e-6 for double, 2e-3 for float
        double rtol = 0;  ///< the error allowed relative to the derivative; 0 is 1e-5 for double, 5e-3 for float
    };

    /// The outcome of check_grads; where it is not ok, `message` says which derivative differs, by how much, and by which check.
    struct [[nodiscard]] check_report
    {
        bool ok = true;
        std::string message;

        explicit operator bool() const { return ok; }
    };

    namespace functional
    {
        /// The inner product of f's result with fixed weights: a scalar function with a gradient, whatever f returns.
        template <class F, class W>
        struct weighted
        {
            const F& f;
            const W& weights;

            template <class... X>
            constexpr auto operator()(const X&... x) const
            {
                const auto y = f(x...);
                if constexpr (form_of<std::remove_const_t<decltype(y)>> == form::single)
                {
                    return xautodiff::sum(y * std::get<0>(weights));
                }
                else
                {
                    return std::apply(
                        [&](const auto&... e) {
                            return std::apply([&](const auto&... w) { return (xautodiff::sum(e * w) + ...); }, weights);
                        },
                        y);
                }
            }
        };

        template <class... X>
        class gradient_checker
        {
        public:
            gradient_checker(const check_options& o, const X&... x) : m_options(o), m_x(x...) {}

            check_report take_report() { return std::move(m_report); }

            template <class F>
            void run(const F& f)
            {
                const auto y = trace_of(f);
                using Y = std::remove_const_t<decltype(y)>;
                [&]<std::size_t... O>(std::index_sequence<O...>)
                {
                    auto weights = std::tuple{first_order(
                        y.template node<O>(),
                        Y::returned_form == form::single ? std::string() : "result " + std::to_string(O) + ": ")...};
                    if (m_options.order < 2 || !m_report.ok)
                    {
                        return;
                    }
                    if constexpr (Y::static_shape.rank == 0)
                    {
                        second_order(f, "gradient", std::index_sequence_for<X...>{});
                    }
                    else
                    {
                        (weigh(std::get<O>(weights)), ...);
                        second_order(weighted<F, decltype(weights)>{f, weights}, "gradient of a weighted sum",
                                     std::index_sequence_for<X...>{});
                    }
                }(std::make_index_sequence<Y::count>{});
            }

        private:
            check_options m_options;
            std::tuple<const X&...> m_x;
            check_report m_report;

            template <class F>
            auto trace_of(const F& f) const
            {
                return std::apply([&](const X&... x) { return trace<gradient_checker>(f, x...); }, m_x);
            }

            /// Weights for the second order: irregular numbers of size 1.
            template <class C>
            static void weigh(C& c)
            {
                using T = typename array::traits<C>::value_type;
                const array::shape s = shape_of(c);
                std::vector<T> w(std::size_t(s.size()) + 1);
                for (std::size_t i = 0; i < w.size(); ++i)
                {
                    w[i] = T(1 + 0.5 * std::sin(1.0 + 2.7 * double(i)));
                }
                write_elements(c, s, w.data());
            }

            template <class F, std::size_t... K>
            void second_order(const F& f, const char* gradient, std::index_sequence<K...>)
            {
                (second_order<int(K)>(f, gradient), ...);
            }

            template <int K, class F>
            void second_order(const F& f, const char* gradient)
            {
                if constexpr (array::floating_container<std::tuple_element_t<std::size_t(K), std::tuple<X...>>>)
                {
                    if (m_report.ok)
                    {
                        const auto y = trace_of(grad<K>(f));
                        first_order(y.template node<0>(),
                                    "second order, " + (gradient + (" with respect to argument " + std::to_string(K)))
                                        + ": ");
                    }
                }
            }

            /// Checks a node's derivatives by all arguments, and returns its value.
            template <class Node>
            auto first_order(const Node& node, const std::string& what)
            {
                using checked = linearized<gradient_checker, Node, X...>;
                checked y = std::apply([&](const X&... x) { return checked(node, x...); }, m_x);
                checked::for_each_floating(
                    [&](auto k)
                    {
                        if (m_report.ok)
                        {
                            one_argument<k()>(y, what);
                        }
                    });
                return y.value();
            }

            template <int K, class Linearized>
            void one_argument(Linearized& y, const std::string& what)
            {
                using argument = std::tuple_element_t<std::size_t(K), std::tuple<X...>>;
                const argument& x = std::get<std::size_t(K)>(m_x);
                const array::shape outputs = y.shape(), inputs = shape_of(x);
                const std::vector<double> forward = y.template forward<K>(), reverse = y.template reverse<K>();
                std::vector<typename array::traits<argument>::value_type> elements(std::size_t(inputs.size()));
                read_elements(x, elements.data());
                const std::vector<estimate> differences = differences_of(
                    elements, m_options.eps, [&](const auto& moved) { return y.template value_at<K>(moved); });
                const double atol = m_options.atol > 0 ? m_options.atol : is_float<argument> ? 2e-3 : 1e-6;
                const double rtol = m_options.rtol > 0 ? m_options.rtol : is_float<argument> ? 5e-3 : 1e-5;
                for (std::size_t i = 0; i < differences.size() && m_report.ok; ++i)
                {
                    const auto where = [&]
                    {
                        const array::index at = array::index(i);
                        return what + "d result" + element_text(outputs, at / inputs.size()) + " / d argument "
                               + std::to_string(K) + element_text(inputs, at % inputs.size());
                    };
                    compare(where, "forward mode", forward[i], "finite differences", differences[i].value,
                            atol + differences[i].error, rtol);
                    compare(where, "reverse mode", reverse[i], "finite differences", differences[i].value,
                            atol + differences[i].error, rtol);
                    compare(where, "forward mode", forward[i], "reverse mode", reverse[i], atol / 100, rtol / 100);
                }
            }

            template <class C>
            static constexpr bool is_float = std::same_as<typename array::traits<C>::value_type, float>;

            /// "[1, 2]"; nothing for a number.
            static std::string element_text(const array::shape& s, array::index at)
            {
                array::shape element = s;
                for (int d = s.rank; d-- > 0;)
                {
                    element[d] = at % s[d];
                    at /= s[d];
                }
                return s.rank == 0 ? "" : array::to_string(element);
            }

            static std::string number(double v)
            {
                char text[32];
                std::snprintf(text, sizeof text, "%.10g", v);
                return text;
            }

            template <class Where>
            void compare(const Where& where, const char* name_a, double a, const char* name_b, double b, double atol,
                         double rtol)
            {
                const double difference = std::abs(a - b);
                const bool same = a == b || difference <= atol + rtol * std::max(std::abs(a), std::abs(b));
                if (!same && m_report.ok)
                {
                    m_report.ok = false;
                    m_report.message = where() + ": " + name_a + " gives " + number(a) + ", " + name_b + " " + number(b)
                                       + "; the difference is " + number(difference);
                }
            }
        };
    }

    /// Whether the derivatives of f at some arguments are right: in forward and in reverse mode, against central finite
    /// differences and against each other, to second order. For functions smooth around the arguments; with respect to every
    /// argument of floating point.
    ///
    /// f may return anything that jacobian takes; where it is no scalar, second derivatives are those of a weighted sum.
    template <class F, class... X>
    check_report check_grads(const check_options& options, const F& f, const X&... x)
    {
        return functional::with_containers(
            [&](const auto&... c)
            {
                functional::gradient_checker<std::remove_cvref_t<decltype(c)>...> checker(options, c...);
                checker.run(f);
                return checker.take_report();
            },
            x...);
    }

    template <class F, class... X>
        requires(!std::same_as<F, check_options>)
    check_report check_grads(const F& f, const X&... x)
    {
        return check_grads(check_options{}, f, x...);
    }
}
