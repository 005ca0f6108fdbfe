// SPDX-License-Identifier: BSD-3-Clause
// Random programs over Variables: statements on numbers and small arrays, loops that look at values, changes in place,
// copies, detaching, no_grad, hooks, backward passes that succeed and that are refused. Each step is done twice, with
// Variables and with the model, and compared.
#pragma once

#include <xautodiff/xautodiff.hpp>

#include <stdexcept>
#include <string>

#include "choices.hpp"
#include "model.hpp"

namespace fuzz
{
    namespace ad = xautodiff;
    using ad::Variable;
    using array = xt::xarray<double>;

    /// What was compared, for a test to see that nothing was left out.
    struct statistics
    {
        std::size_t programs = 0, statements = 0, loops = 0, passes = 0, refused = 0, changes = 0, gradients = 0,
                    second_gradients = 0, differences = 0;
    };

    inline std::vector<double> values_of(double x) { return {x}; }
    inline std::vector<double> values_of(const array& x) { return {x.begin(), x.end()}; }

    template <class T>
    T container_from(const extents& shape, const std::vector<double>& values)
    {
        if constexpr (ad::array::scalar_value<T>)
        {
            return values[0];
        }
        else
        {
            const std::array<std::size_t, 2> all{shape.rows, shape.columns};
            T out = T::from_shape({all.end() - std::ptrdiff_t(shape.rank), all.end()});
            std::copy(values.begin(), values.end(), out.begin());
            return out;
        }
    }

    /// An operation of a user, with two results and with values that it saves.
    struct pair
    {
        static constexpr std::string_view name = "pair";
        struct context
        {
            ad::saved<double> x, y;
        };
        static auto forward(context& c, const Variable<double>& x, const Variable<double>& y)
        {
            c = {x, y};
            return std::tuple{x.item() * y.item(), x.item() * x.item() * y.item()};
        }
        static auto pullback(const context& c, const Variable<double>& g, const Variable<double>& h)
        {
            const Variable<double> x = c.x.get(), y = c.y.get();
            return std::tuple{g * y + 2 * h * x * y, g * x + h * x * x};
        }
    };

    template <class T>
    auto product(const Variable<T>& x, const Variable<T>& y)
    {
        return x * y;
    }

    class program
    {
    public:
        /// Runs one. Throws std::logic_error where the library and the model differ; `log`, if given, gets the steps.
        static void run(std::span<const std::uint8_t> bytes, statistics& count, std::string* log = nullptr)
        {
            program p(bytes, count, log);
            ++count.programs;
            while (!p.m_choices.is_done())
            {
                p.step();
            }
            p.compare_all();
        }

    private:
        /// Variables and the model's names of their nodes; and an expression that is written down and not yet recorded.
        template <class T>
        struct pool
        {
            std::vector<Variable<T>> variables{};
            std::vector<std::size_t> nodes{};
            std::optional<decltype(product(std::declval<Variable<T>>(), std::declval<Variable<T>>()))> written{};
            std::array<std::size_t, 2> written_of{};
        };

        static constexpr std::size_t most_variables = 6, deepest = 3;
        static constexpr double largest = 1e4;

        choices m_choices;
        statistics& m_count;
        std::string* m_log;
        model m_model;
        pool<double> m_numbers;
        pool<array> m_arrays;
        std::size_t m_depth = 0;

        program(std::span<const std::uint8_t> bytes, statistics& count, std::string* log)
            : m_choices(bytes), m_count(count), m_log(log)
        {
            m_numbers.variables.reserve(most_variables);
            m_arrays.variables.reserve(most_variables);
            add_leaf(m_numbers, true);
            add_leaf(m_numbers, true);
            add_leaf(m_arrays, true);
            add_leaf(m_arrays, true);
        }

        // ---- comparing -----------------------------------------------------------------------------------------------

        template <class... A>
        void note(const A&... what)
        {
            if (m_log != nullptr)
            {
                const auto add = [this](const auto& x)
                {
                    if constexpr (std::is_arithmetic_v<std::remove_cvref_t<decltype(x)>>)
                    {
                        *m_log += std::to_string(x);
                    }
                    else
                    {
                        *m_log += x;
                    }
                };
                (add(what), ...);
                *m_log += '\n';
            }
        }

        static void require(bool condition, const std::string& what)
        {
            if (!condition)
            {
                throw std::logic_error(what);
            }
        }

        static void require_close(const std::vector<double>& got, const std::vector<double>& expected, double tolerance,
                                  const std::string& what)
        {
            require(got.size() == expected.size(), what + ": the number of elements");
            for (std::size_t i = 0; i < got.size(); ++i)
            {
                require(std::abs(got[i] - expected[i]) <= tolerance || !std::isfinite(tolerance),
                        what + ": " + std::to_string(got[i]) + ", expected " + std::to_string(expected[i]));
            }
        }

        template <class F>
        static std::string error_of(F f)
        {
            try
            {
                f();
            }
            catch (const std::runtime_error& e)
            {
                return e.what();
            }
            return {};
        }

        void require_error(const std::string& error, const std::string& expected)
        {
            m_count.refused += !expected.empty();
            require(expected.empty() ? error.empty() : error.starts_with(expected),
                    "said \"" + error + "\", expected \"" + expected + "\"");
        }

        template <class T>
        void compare_values(const Variable<T>& v, std::size_t n)
        {
            const std::vector<double> got = values_of(v.data());
            std::vector<double>& expected = m_model.values(n);
            double scale = 1;
            for (const double x : expected)
            {
                scale = std::max(scale, std::abs(x));
            }
            for (const model::operand& o : m_model.at(n).operands)
            {
                for (const double x : o.values.values)
                {
                    scale = std::max(scale, x * x);
                }
            }
            require_close(got, expected, 1e-13 * scale, "values");
            // The same bits from here on, so that both sides decide alike where values are equal.
            expected = got;
        }

        template <class T>
        void compare(const Variable<T>& v, std::size_t n)
        {
            const model::node& expected = m_model.at(n);
            compare_values(v, n);
            if constexpr (!ad::array::scalar_value<T>)
            {
                require(container_from<T>(expected.shape, m_model.values(n)).shape() == v.data().shape(), "shape");
            }
            require(v.requires_grad() == expected.differentiable, "requires_grad");
            require(v.is_leaf() == !expected.is_statement, "is_leaf");
            require(v.version() == m_model.version(n), "version");
            require(bool(v.grad_fn()) == expected.is_statement, "grad_fn");
            require(v.has_grad() == expected.grad.has_value(), "has_grad");
        }

        template <class T>
        void compare_all(pool<T>& p)
        {
            for (std::size_t i = 0; i < p.nodes.size(); ++i)
            {
                compare(p.variables[i], p.nodes[i]);
            }
        }
        void compare_all()
        {
            compare_all(m_numbers);
            compare_all(m_arrays);
        }

        // ---- the pool ------------------------------------------------------------------------------------------------

        template <class T>
        static const char* letter()
        {
            return ad::array::scalar_value<T> ? "s" : "a";
        }

        template <class T>
        std::size_t pick(const pool<T>& p)
        {
            return m_choices.below(p.nodes.size());
        }

        template <class T>
        void keep(pool<T>& p, Variable<T>&& v, std::size_t n)
        {
            const std::size_t size = p.nodes.size(),
                              to = m_choices.below(size < most_variables ? size + 1 : most_variables);
            note("    -> ", letter<T>(), to, " (node ", n, ")");
            if (to == size)
            {
                p.variables.push_back(std::move(v));
                p.nodes.push_back(n);
            }
            else
            {
                p.variables[to] = std::move(v);
                p.nodes[to] = n;
            }
        }

        template <class T>
        void add_leaf(pool<T>& p, bool differentiable)
        {
            static constexpr extents shapes[]{{1, 1, 3}, {2, 2, 3}, {2, 1, 3}, {2, 2, 1}, {0, 1, 1}, {1, 1, 1}};
            const extents shape = ad::array::scalar_value<T> ? extents{} : shapes[m_choices.below(std::size(shapes))];
            std::vector<double> values(shape.size());
            for (double& x : values)
            {
                x = m_choices.number();
            }
            note("leaf of ", values.size());
            const T data = container_from<T>(shape, values);
            Variable<T> v(data);
            v.requires_grad_(differentiable);
            keep(p, std::move(v), m_model.leaf(shape, values, differentiable));
        }

        template <class T>
        void copy_move_or_drop(pool<T>& p)
        {
            const std::size_t what = m_choices.below(4), i = pick(p), n = p.nodes[i];
            if (what < 2)
            {
                note("copy ", letter<T>(), i);
                m_model.at(n).was_copied = true;
                keep(p, Variable<T>(p.variables[i]), n);
            }
            else if (p.nodes.size() > 1)
            {
                note(what == 2 ? "move " : "drop ", letter<T>(), i);
                const Variable<T> moved = std::move(p.variables[i]);
                if (i + 1 != p.nodes.size())
                {
                    p.variables[i] = std::move(p.variables.back());
                    p.nodes[i] = p.nodes.back();
                }
                p.variables.pop_back();
                p.nodes.pop_back();
                if (what == 2)
                {
                    m_model.at(n).was_copied = true;
                    keep(p, Variable<T>(moved), n);
                }
            }
        }

        // ---- statements ----------------------------------------------------------------------------------------------

        static Variable<double> write(kind k, double c, const Variable<double>& x, const Variable<double>& y)
        {
            switch (k)
            {
            case kind::add:
                return x + y;
            case kind::multiply:
                return x * y;
            case kind::larger:
                return ad::maximum(x, y);
            case kind::scaled:
                return x - c * y;
            case kind::quotient:
                return x / (y * y + 1);
            case kind::mixed:
                return ad::sin(x) * c + 0.5 * x * y;
            case kind::again:
                return ad::checkpoint([c](const Variable<double>& u, const Variable<double>& v)
                                      { return ad::sin(u) * c + 0.5 * u * v; },
                                      x, y);
            default:
                return ad::exp(-x * x);
            }
        }

        static Variable<array> write(kind k, const Variable<array>& x, const Variable<array>& y)
        {
            switch (k)
            {
            case kind::add:
                return x + y;
            case kind::multiply:
                return x * y;
            case kind::larger:
                return ad::maximum(x, y);
            case kind::rows:
                return ad::sum(x, 0);
            case kind::columns:
                return ad::mean(x, 1, ad::keep_dims);
            default:
                return ad::view(x, ad::range(0, 1));
            }
        }

        /// Keeps a result, unless it is so large that comparing gradients would say little.
        template <class T>
        void keep_result(pool<T>& p, Variable<T>&& v, std::size_t n)
        {
            ++m_count.statements;
            compare(v, n);
            for (const double x : m_model.values(n))
            {
                if (!(std::abs(x) < largest))
                {
                    note("    too large");
                    return;
                }
            }
            keep(p, std::move(v), n);
        }

        void number_statement()
        {
            const kind k = kind(m_choices.below(std::size_t(kind::again) + 1));
            const std::size_t i = pick(m_numbers), j = pick(m_numbers);
            const double c = m_choices.number();
            note(facts_of(k).text, " of s", i, ", s", j, ", ", c);
            Variable<double> v = write(k, c, m_numbers.variables[i], m_numbers.variables[j]);
            keep_result(m_numbers, std::move(v), m_model.record(k, c, m_numbers.nodes[i], m_numbers.nodes[j]));
        }

        void pair_statement()
        {
            const std::size_t i = pick(m_numbers), j = pick(m_numbers);
            note(facts_of(kind::pair).text, " of s", i, ", s", j);
            auto [product, triple] = ad::apply<pair>(m_numbers.variables[i], m_numbers.variables[j]);
            const std::size_t both = m_model.record(kind::pair, 0, m_numbers.nodes[i], m_numbers.nodes[j]),
                              first = m_model.record(kind::part, 0, both, both),
                              second = m_model.record(kind::part, 1, both, both);
            keep_result(m_numbers, std::move(product), first);
            if (m_choices.below(2) == 0)
            {
                keep_result(m_numbers, std::move(triple), second);
            }
        }

        void array_statement()
        {
            static constexpr kind kinds[]{kind::add,     kind::multiply, kind::larger, kind::rows,
                                          kind::columns, kind::first,    kind::soft};
            kind k = kinds[m_choices.below(std::size(kinds))];
            const std::size_t i = pick(m_arrays), n = m_arrays.nodes[i], rank = m_model.at(n).shape.rank;
            k = rank == 0 && k >= kind::rows ? kind::add : rank == 1 && k == kind::columns ? kind::rows : k;
            if (k == kind::soft)
            {
                const std::size_t j = pick(m_numbers);
                const double c = m_choices.number();
                note(facts_of(k).text, " of a", i, ", s", j, ", ", c);
                Variable<array> v =
                    ad::tanh(m_arrays.variables[i]) * c + m_arrays.variables[i] * m_numbers.variables[j];
                keep_result(m_arrays, std::move(v), m_model.record(k, c, n, m_numbers.nodes[j]));
                return;
            }
            const std::size_t j = pick(m_arrays);
            note(facts_of(k).text, " of a", i, ", a", j);
            Variable<array> v = write(k, m_arrays.variables[i], m_arrays.variables[j]);
            keep_result(m_arrays, std::move(v), m_model.record(k, 0, n, m_arrays.nodes[j]));
        }

        void reduction()
        {
            const std::size_t i = pick(m_arrays), j = pick(m_arrays);
            const kind k = m_choices.below(2) == 0 ? kind::total : kind::inner;
            note(facts_of(k).text, " of a", i, ", a", j);
            const Variable<array>&x = m_arrays.variables[i], &y = m_arrays.variables[j];
            Variable<double> v = k == kind::total ? Variable<double>(ad::sum(x)) : Variable<double>(ad::sum(x * y));
            keep_result(m_numbers, std::move(v), m_model.record(k, 0, m_arrays.nodes[i], m_arrays.nodes[j]));
        }

        /// `auto e = x * y;`, and later, when x and y may have gone or changed, `Variable z = e;`
        template <class T>
        void expression(pool<T>& p)
        {
            if (p.written)
            {
                Variable<T> v = *p.written;
                const bool is_done = m_choices.below(2) == 0;
                note("record the expression of ", letter<T>(), is_done ? ", for the last time" : "");
                is_done ? p.written.reset() : void();
                keep_result(p, std::move(v),
                            m_model.record(kind::multiply, 0, m_model.current(p.written_of[0]),
                                           m_model.current(p.written_of[1])));
                return;
            }
            const std::size_t i = pick(p), j = pick(p);
            note("write ", letter<T>(), i, " * ", letter<T>(), j);
            p.written.emplace(product(p.variables[i], p.variables[j]));
            p.written_of = {p.nodes[i], p.nodes[j]};
        }

        /// `while (y is small) y = f(y, x);`
        template <class T>
        void loop(pool<T>& p)
        {
            const std::size_t i = pick(p), j = pick(p);
            const kind k = m_choices.below(2) == 0 ? kind::add : kind::multiply;
            const double limit = 4 * std::abs(m_choices.number());
            note("while ", letter<T>(), i, " is below ", limit, ": ", facts_of(k).text, " of itself and ", letter<T>(),
                 j);
            std::size_t n = p.nodes[i];
            ++m_count.loops;
            Variable<T> y = p.variables[i];
            m_model.at(n).was_copied = true;
            for (int trip = 0; trip < 6 && std::abs(values_of(y.data())[0]) < limit; ++trip)
            {
                n = m_model.record(k, 0, n, p.nodes[j]);
                y = k == kind::add ? Variable<T>(y + p.variables[j]) : Variable<T>(y * p.variables[j]);
                compare(y, n);
            }
            keep_result(p, std::move(y), n);
        }

        /// `y += x;` or `y *= x;`
        template <class T>
        void in_place(pool<T>& p)
        {
            const kind k = m_choices.below(2) == 0 ? kind::add : kind::multiply;
            const std::size_t i = pick(p), j = pick(p), n = p.nodes[i], m = p.nodes[j];
            elements<double> result = compute<double>(k, 0, m_model.elements_at(n), m_model.elements_at(m));
            for (const double x : result.values)
            {
                if (!(std::abs(x) < largest))
                {
                    return;
                }
            }
            note("in place ", facts_of(k).text, " of ", letter<T>(), i, ", ", letter<T>(), j);
            const model::node& before = m_model.at(n);
            const bool is_recorded = m_model.is_recording && (before.differentiable || m_model.at(m).differentiable);
            const std::string error =
                error_of([&] { k == kind::add ? p.variables[i] += p.variables[j] : p.variables[i] *= p.variables[j]; });
            const std::string copied = "this Variable was copied";
            if (is_recorded && before.differentiable && !before.is_statement)
            {
                require_error(error, "a leaf Variable that requires grad is being used in an in-place operation.");
            }
            else if (is_recorded && std::count(p.nodes.begin(), p.nodes.end(), n) > 1)
            {
                require_error(error, copied);
            }
            else if (is_recorded && before.was_copied && error.starts_with(copied))
            {
                // Copies have gone, but statements refer to it: it may not know.
            }
            else if (result.shape != before.shape)
            {
                require_error(error, "output with shape");
            }
            else
            {
                require_error(error, "");
                ++m_count.changes;
                if (is_recorded)
                {
                    p.nodes[i] = m_model.record(k, 0, n, m);
                }
                else
                {
                    m_model.change(n, std::move(result.values));
                }
            }
            compare(p.variables[i], p.nodes[i]);
        }

        /// `y.mutable_data() = ...;`
        template <class T>
        void change(pool<T>& p)
        {
            const std::size_t i = pick(p), n = p.nodes[i];
            const double to = m_choices.number();
            note("change ", letter<T>(), i, " to ", to);
            std::vector<double> values = m_model.values(n);
            values.back() = to;
            p.variables[i].mutable_data() = container_from<T>(m_model.at(n).shape, values);
            m_model.change(n, std::move(values));
            ++m_count.changes;
        }

        template <class T>
        void detach(pool<T>& p)
        {
            const std::size_t i = pick(p), n = p.nodes[i];
            if (m_choices.below(2) == 0)
            {
                note("detach ", letter<T>(), i);
                Variable<T> d = p.variables[i].detach();
                const std::size_t m = m_model.detach(n);
                compare(d, m);
                keep(p, std::move(d), m);
                return;
            }
            note("detach_ ", letter<T>(), i);
            p.variables[i].detach_();
            if (!m_model.at(n).is_statement)
            {
                m_model.at(n).differentiable = false;
                return;
            }
            const std::size_t m = m_model.detach(n);
            m_model.at(m).grad = std::exchange(m_model.at(n).grad, std::nullopt);
            m_model.at(m).was_copied = m_model.at(n).was_copied;
            m_model.at(n).retains_grad = false;
            m_model.at(n).replacement = m;
            std::replace(p.nodes.begin(), p.nodes.end(), n, m);
        }

        template <class T>
        void set_flag(pool<T>& p)
        {
            const std::size_t i = pick(p), what = m_choices.below(4);
            model::node& n = m_model.at(p.nodes[i]);
            Variable<T>& v = p.variables[i];
            note(what < 2 ? "requires_grad_ " : what == 2 ? "retain_grad " : "hook ", what, " of ", letter<T>(), i);
            if (what < 2)
            {
                const bool wanted = what == 1;
                require_error(error_of([&] { v.requires_grad_(wanted); }),
                              n.is_statement && !wanted ? "you can only change requires_grad flags of leaf variables"
                                                        : "");
                n.differentiable = n.is_statement || wanted;
            }
            else if (what == 2)
            {
                require_error(error_of([&] { v.retain_grad(); }), n.differentiable ? "" : "can't retain_grad");
                n.retains_grad = n.differentiable && n.is_statement;
            }
            else
            {
                const double factor = m_choices.below(2) == 0 ? 0.5 : -2;
                require_error(error_of([&] { v.register_hook([factor](const T& g) { return T(g * factor); }); }),
                              n.differentiable ? "" : "cannot register a hook");
                n.hook *= n.differentiable ? factor : 1;
            }
        }

        template <class Guard>
        void block(bool records)
        {
            if (m_depth == deepest)
            {
                return;
            }
            note(records ? "{ enable_grad" : "{ no_grad");
            ++m_depth;
            {
                const Guard guard;
                const bool before = std::exchange(m_model.is_recording, records);
                for (std::size_t n = 1 + m_choices.below(8); n != 0 && !m_choices.is_done(); --n)
                {
                    step();
                }
                m_model.is_recording = before;
            }
            --m_depth;
            note("}");
        }

        // ---- backward ------------------------------------------------------------------------------------------------

        static std::string text_of(ending e)
        {
            switch (e)
            {
            case ending::no_graph:
                return "element 0 of tensors does not require grad and does not have a grad_fn";
            case ending::used_up:
                return "Trying to backward through the graph a second time";
            case ending::changed:
                return "one of the variables needed for gradient computation has been modified by an inplace operation";
            case ending::no_record:
                return "create_graph and detect_anomaly do not reach through ad::checkpoint";
            case ending::hook_fails:
                return "a hook fails";
            default:
                return {};
            }
        }

        static double tolerance(double scale) { return 1e-10 * std::max(1.0, scale); }

        /// What a pass that succeeded adds to the gradients of those that are still there to be asked.
        template <class T>
        void accumulate(pool<T>& p, const model::pass& pass, const std::vector<double>& seed)
        {
            std::vector<std::size_t> seen;
            for (std::size_t i = 0; i < p.nodes.size(); ++i)
            {
                const std::size_t n = p.nodes[i];
                model::node& s = m_model.at(n);
                if (n > pass.root || !pass.reached[n] || (s.is_statement && !s.retains_grad)
                    || std::find(seen.begin(), seen.end(), n) != seen.end())
                {
                    continue;
                }
                seen.push_back(n);
                double scale = 1;
                std::vector<double> g = m_model.gradient(pass, seed, n, scale);
                for (std::size_t e = 0; s.grad && e < g.size(); ++e)
                {
                    scale = std::max(scale, std::abs((*s.grad)[e]));
                    g[e] += (*s.grad)[e];
                }
                require(p.variables[i].has_grad(), "has_grad after backward");
                const std::vector<double> got = values_of(p.variables[i].grad());
                require_close(got, g, tolerance(scale), std::string("gradient of ") + letter<T>() + std::to_string(i));
                s.grad = got;
                ++m_count.gradients;
            }
        }

        template <class T>
        void compare_differences(pool<T>& p, const model::pass& pass, const std::vector<double>& seed)
        {
            constexpr double h = 1e-4;
            const std::size_t n = p.nodes[pick(p)];
            if (n > pass.root || !pass.reached[n] || m_model.at(n).hook != 1)
            {
                return;
            }
            double scale = 1;
            const std::vector<double> g = m_model.gradient(pass, seed, n, scale);
            const std::size_t e = m_choices.below(g.size());
            const auto at = [&](double by) { return m_model.value_if(pass, seed, n, e, by); };
            const std::optional<double> more = at(h), less = at(-h), twice_more = at(2 * h), twice_less = at(-2 * h);
            // Where values change so fast that differences are coarse, they say nothing.
            if (more && less && twice_more && twice_less && scale < 50)
            {
                const double wide = (*twice_more - *twice_less) / (4 * h), narrow = (*more - *less) / (2 * h);
                require(std::abs(narrow - g[e]) <= 1e-6 * scale + std::abs(wide - narrow), "differences");
                ++m_count.differences;
            }
        }

        template <class T>
        void backward(pool<T>& p)
        {
            const std::size_t i = pick(p), n = p.nodes[i];
            const bool retain = m_choices.below(2) == 0;
            std::vector<double> seed(m_model.at(n).shape.size());
            for (double& x : seed)
            {
                x = m_choices.number();
            }
            note("backward of ", letter<T>(), i, retain ? ", retained" : "");
            const model::pass pass = m_model.predict(n);
            const T start = container_from<T>(m_model.at(n).shape, seed);
            require_error(error_of([&] { p.variables[i].backward(start, {.retain_graph = retain}); }),
                          text_of(pass.end));
            ++m_count.passes;
            if (pass.end == ending::done)
            {
                if (m_choices.below(4) == 0)
                {
                    compare_differences(m_numbers, pass, seed);
                    compare_differences(m_arrays, pass, seed);
                }
                accumulate(m_numbers, pass, seed);
                accumulate(m_arrays, pass, seed);
                if (!retain)
                {
                    m_model.use_up(pass);
                }
            }
            compare_all();
        }

        /// A pass that a hook ends.
        template <class T>
        void failing_backward(pool<T>& p)
        {
            const std::size_t i = pick(p), n = p.nodes[i];
            if (m_model.at(n).differentiable)
            {
                note("a hook of ", letter<T>(), i, " fails");
                ad::hook_handle hook =
                    p.variables[i].register_hook([](const T&) { throw std::runtime_error("a hook fails"); });
                m_model.at(n).hook_fails = true;
                m_choices.below(2) == 0 ? backward(m_numbers) : backward(m_arrays);
                hook.remove();
                m_model.at(n).hook_fails = false;
            }
        }

        /// `ad::grad(y, x)`
        template <class T>
        void gradient(pool<T>& p)
        {
            const std::size_t i = pick(m_numbers), j = pick(p), n = p.nodes[j];
            note("ad::grad of s", i, " with respect to ", letter<T>(), j);
            const model::pass pass = m_model.predict(m_numbers.nodes[i]);
            std::optional<T> got;
            const std::string error =
                error_of([&] { got = ad::grad(m_numbers.variables[i], p.variables[j], ad::allow_unused); });
            const bool is_asked = m_model.at(n).differentiable;
            require_error(error, pass.end == ending::done && !is_asked
                                     ? "One of the differentiated Tensors does not require grad"
                                     : text_of(pass.end));
            if (error.empty())
            {
                require(got.has_value() == pass.reached[n], "whether there is a gradient");
                if (got)
                {
                    double scale = 1;
                    const std::vector<double> g = m_model.gradient(pass, {1}, n, scale);
                    require_close(values_of(*got), g, tolerance(scale), "ad::grad");
                    ++m_count.gradients;
                }
            }
            compare_all();
        }

        /// The gradient at z of the sum of the gradient of y at x.
        template <class T, class U>
        void second_gradient(pool<T>& px, pool<U>& pz)
        {
            const std::size_t i = pick(m_numbers), j = pick(px), k = pick(pz), x = px.nodes[j], z = pz.nodes[k];
            const model::pass pass = m_model.predict(m_numbers.nodes[i], true);
            for (std::size_t n = 0; n < pass.reached.size(); ++n)
            {
                if (pass.reached[n] && m_model.at(n).hook != 1)
                {
                    return;
                }
            }
            if (!m_model.at(x).differentiable || !m_model.at(z).differentiable)
            {
                return;
            }
            note("ad::grad of s", i, " with respect to ", letter<T>(), j, ", and of that with respect to ", letter<U>(),
                 k);
            const ad::enable_grad guard;
            std::optional<Variable<T>> first;
            require_error(
                error_of([&] { first = ad::grad(m_numbers.variables[i], px.variables[j], {.create_graph = true}); }),
                pass.end == ending::done && !pass.reached[x]
                    ? "One of the differentiated Tensors appears to not have been"
                    : text_of(pass.end));
            if (first)
            {
                double scale = 1;
                const std::vector<double> g = m_model.gradient(pass, {1}, x, scale);
                require_close(values_of(first->data()), g, tolerance(scale), "gradient on record");
                std::vector<double> got(m_model.at(z).shape.size());
                const Variable<double> sum = [&]() -> Variable<double>
                {
                    if constexpr (ad::array::scalar_value<T>)
                    {
                        return *first;
                    }
                    else
                    {
                        return ad::sum(*first);
                    }
                }();
                if (sum.requires_grad())
                {
                    if (const std::optional<U> second = ad::grad(sum, pz.variables[k], ad::allow_unused))
                    {
                        got = values_of(*second);
                    }
                }
                std::vector<double> expected = m_model.second_gradient(pass, x, z, scale);
                require_close(got, expected, tolerance(scale), "second gradient");
                ++m_count.second_gradients;
            }
            compare_all();
        }

        template <class T>
        void forget_gradient(pool<T>& p)
        {
            const std::size_t i = pick(p);
            std::optional<std::vector<double>>& grad = m_model.at(p.nodes[i]).grad;
            if (m_choices.below(2) == 0)
            {
                p.variables[i].clear_grad();
                grad.reset();
            }
            else
            {
                p.variables[i].zero_grad();
                grad ? std::fill(grad->begin(), grad->end(), 0.0) : void();
            }
            note("gradient of ", letter<T>(), i, grad ? " zeroed" : " cleared");
        }

        // ---- steps ---------------------------------------------------------------------------------------------------

        void step()
        {
            const bool of_numbers = m_choices.below(2) == 0;
            const auto either = [&](auto f) { of_numbers ? f(m_numbers) : f(m_arrays); };
            switch (m_choices.below(24))
            {
            case 0:
            case 1:
            case 2:
            case 3:
            case 4:
            case 5:
                of_numbers ? number_statement() : array_statement();
                return;
            case 6:
                of_numbers ? pair_statement() : reduction();
                return;
            case 7:
                either([this](auto& p) { expression(p); });
                return;
            case 8:
                either([this](auto& p) { loop(p); });
                return;
            case 9:
            case 10:
                either([this](auto& p) { in_place(p); });
                return;
            case 11:
                either([this](auto& p) { change(p); });
                return;
            case 12:
                either([this](auto& p) { copy_move_or_drop(p); });
                return;
            case 13:
                either([this](auto& p) { detach(p); });
                return;
            case 14:
            case 15:
                either([this](auto& p) { set_flag(p); });
                return;
            case 16:
                of_numbers ? block<ad::no_grad>(false) : block<ad::enable_grad>(true);
                return;
            case 17:
                either([this](auto& p) { add_leaf(p, m_choices.below(3) != 0); });
                return;
            case 18:
            case 19:
                either([this](auto& p) { backward(p); });
                return;
            case 20:
                either([this](auto& p) { failing_backward(p); });
                return;
            case 21:
                either([this](auto& p) { gradient(p); });
                return;
            case 22:
                of_numbers ? second_gradient(m_numbers, m_arrays) : second_gradient(m_arrays, m_numbers);
                return;
            default:
                either([this](auto& p) { forget_gradient(p); });
                return;
            }
        }
    };
}
