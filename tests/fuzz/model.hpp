// SPDX-License-Identifier: BSD-3-Clause
// What must be true of Variables while a program runs: values, versions, what is on record, what a backward pass refuses,
// and gradients in forward mode, one direction at a time. Nothing of the library is used here.
#pragma once

#include <optional>

#include "statement.hpp"

namespace fuzz
{
    /// What becomes of a backward pass.
    enum class ending
    {
        done,
        no_graph,
        used_up,    ///< it meets a statement that an earlier pass has used up
        changed,    ///< ... one whose operand was changed since
        no_record,  ///< ... one that cannot be run back on record
        hook_fails
    };

    class model
    {
    public:
        struct storage
        {
            std::vector<double> values;
            unsigned version = 0;
        };

        struct operand
        {
            std::size_t node = 0;
            bool flows = false;         ///< it asked for a gradient when the statement ran
            unsigned version = 0;       ///< at that time
            elements<double> values{};  ///< at that time
        };

        struct node
        {
            extents shape{};
            std::size_t storage = 0;
            bool is_statement = false;
            kind what{};
            double constant = 0;
            std::vector<operand> operands{};
            bool differentiable = false, used_up = false, retains_grad = false, was_copied = false, hook_fails = false;
            double hook = 1;  ///< what its hooks multiply the gradient by
            std::optional<std::vector<double>> grad{};
            std::optional<std::size_t> replacement{};  ///< what its handles mean, since it was detached in place
        };

        struct pass
        {
            ending end = ending::done;
            std::size_t root = 0;
            std::vector<bool> reached{};
        };

        bool is_recording = true;

        node& at(std::size_t n) { return m_nodes[n]; }
        std::size_t size() const { return m_nodes.size(); }
        std::size_t current(std::size_t n) const
        {
            return m_nodes[n].replacement ? current(*m_nodes[n].replacement) : n;
        }
        std::vector<double>& values(std::size_t n) { return m_storages[m_nodes[n].storage].values; }
        elements<double> elements_at(std::size_t n) const
        {
            return {m_nodes[n].shape, m_storages[m_nodes[n].storage].values};
        }

        std::size_t leaf(const extents& shape, std::vector<double> values, bool differentiable)
        {
            m_storages.push_back({std::move(values)});
            m_nodes.push_back({.shape = shape, .storage = m_storages.size() - 1, .differentiable = differentiable});
            return m_nodes.size() - 1;
        }

        std::size_t record(kind k, double c, std::size_t x, std::size_t y)
        {
            const elements<double> of_x = elements_at(x), of_y = elements_at(y);
            elements<double> result = compute(k, c, of_x, of_y);
            const std::size_t count = facts_of(k).operands;
            const bool flows = m_nodes[x].differentiable || (count == 2 && m_nodes[y].differentiable);
            const std::size_t n = leaf(result.shape, std::move(result.values), false);
            if (flows && is_recording)
            {
                node& s = m_nodes[n];
                s.is_statement = s.differentiable = true;
                s.what = k;
                s.constant = c;
                s.operands.push_back({x, m_nodes[x].differentiable, version(x), of_x});
                if (count == 2)
                {
                    s.operands.push_back({y, m_nodes[y].differentiable, version(y), of_y});
                }
            }
            return n;
        }

        unsigned version(std::size_t n) const { return m_storages[m_nodes[n].storage].version; }

        void change(std::size_t n, std::vector<double> values)
        {
            storage& s = m_storages[m_nodes[n].storage];
            s.values = std::move(values);
            ++s.version;
        }

        std::size_t detach(std::size_t n)
        {
            m_nodes.push_back({.shape = m_nodes[n].shape, .storage = m_nodes[n].storage});
            return m_nodes.size() - 1;
        }

        /// What a backward pass from a root would do. It goes over the statements from the youngest on.
        pass predict(std::size_t root, bool create_graph = false) const
        {
            pass p{.root = root, .reached = std::vector<bool>(m_nodes.size())};
            if (!m_nodes[root].differentiable)
            {
                p.end = ending::no_graph;
                return p;
            }
            p.reached[root] = true;
            for (std::size_t n = root + 1; n-- > 0;)
            {
                if (p.reached[n] && m_nodes[n].is_statement && (p.end = step(n, create_graph)) != ending::done)
                {
                    return p;
                }
                for_each_target(n, [&](std::size_t, const operand& o)
                                { p.reached[o.node] = p.reached[o.node] || p.reached[n]; });
            }
            for (std::size_t n = 0; n <= root; ++n)
            {
                if (p.reached[n] && !m_nodes[n].is_statement && m_nodes[n].hook_fails)
                {
                    p.end = ending::hook_fails;
                }
            }
            return p;
        }

        /// Without retain_graph.
        void use_up(const pass& p)
        {
            for (std::size_t n = 0; n <= p.root; ++n)
            {
                const statement_facts& f = facts_of(m_nodes[n].what);
                for_each_target(n,
                                [&](std::size_t k, const operand&)
                                {
                                    node& s = m_nodes[n];
                                    s.used_up = s.used_up || (p.reached[n] && (f.reads[k] != 0 || f.reads_constant[k]));
                                });
            }
        }

        /// The gradient at a node of the sum of the root's elements, each times its seed; and in `scale` the largest number
        /// on the way, which rounding errors are relative to.
        std::vector<double> gradient(const pass& p, const std::vector<double>& seed, std::size_t source,
                                     double& scale) const
        {
            std::vector<double> out;
            for (std::size_t e = 0; e < m_nodes[source].shape.size(); ++e)
            {
                const hyper y = derivative(
                    p, seed, [&](std::size_t n, std::vector<hyper>& at) { n == source ? void(at[e].a += 1) : void(); },
                    source, scale);
                out.push_back(y.a);
            }
            return out;
        }

        /// The gradient at `second` of the sum of the elements of the gradient of a root of one element at `first`.
        std::vector<double> second_gradient(const pass& p, std::size_t first, std::size_t second, double& scale) const
        {
            std::vector<double> out;
            for (std::size_t e = 0; e < m_nodes[second].shape.size(); ++e)
            {
                const auto perturb = [&](std::size_t n, std::vector<hyper>& at)
                {
                    for (std::size_t i = 0; n == first && i < at.size(); ++i)
                    {
                        at[i].b += 1;
                    }
                    n == second ? void(at[e].a += 1) : void();
                };
                out.push_back(derivative(p, {1}, perturb, std::min(first, second), scale).ab);
            }
            return out;
        }

        /// The root's elements times the seed, as the program on record would compute them had the source's element been
        /// `by` more; none where differences say nothing about derivatives: where a value was changed in between, a hook
        /// is at work, or a kink is near.
        std::optional<double> value_if(const pass& p, const std::vector<double>& seed, std::size_t source,
                                       std::size_t element, double by) const
        {
            std::vector<elements<double>> now(p.root + 1);
            for (std::size_t n = 0; n <= p.root; ++n)
            {
                const node& s = m_nodes[n];
                now[n] = elements_at(n);
                if (s.is_statement && p.reached[n])
                {
                    if (s.hook != 1 || version(n) != 0)
                    {
                        return std::nullopt;
                    }
                    for (const operand& o : s.operands)
                    {
                        if (version(o.node) != o.version)
                        {
                            return std::nullopt;
                        }
                    }
                    const auto as_taken = [&](const operand& o) -> const elements<double>&
                    { return o.flows ? now[o.node] : o.values; };
                    const elements<double>& x = as_taken(s.operands.front());
                    const elements<double>& y = as_taken(s.operands.back());
                    now[n] = compute(s.what, s.constant, x, y);
                    if (s.what == kind::larger && nearest(x, y) < 1e-3)
                    {
                        return std::nullopt;
                    }
                }
                if (n == source)
                {
                    now[n].values[element] += by;
                }
            }
            double out = 0;
            for (std::size_t i = 0; i < seed.size(); ++i)
            {
                out += seed[i] * now[p.root].values[i];
            }
            return out;
        }

    private:
        std::vector<node> m_nodes;
        std::vector<storage> m_storages;

        template <class F>
        void for_each_target(std::size_t n, F f) const
        {
            const std::vector<operand>& operands = m_nodes[n].operands;
            for (std::size_t k = 0; k < operands.size(); ++k)
            {
                if (operands[k].flows && m_nodes[operands[k].node].differentiable)
                {
                    f(k, operands[k]);
                }
            }
        }

        /// Whether a statement can be passed.
        ending step(std::size_t n, bool create_graph) const
        {
            const node& s = m_nodes[n];
            if (s.hook_fails || s.used_up)
            {
                return s.hook_fails ? ending::hook_fails : ending::used_up;
            }
            unsigned read = 0;
            for_each_target(n, [&](std::size_t k, const operand&) { read |= facts_of(s.what).reads[k]; });
            for (std::size_t k = 0; k < s.operands.size(); ++k)
            {
                if ((read >> k & 1) != 0 && version(s.operands[k].node) != s.operands[k].version)
                {
                    return ending::changed;
                }
            }
            return create_graph && s.what == kind::again ? ending::no_record : ending::done;
        }

        static double nearest(const elements<double>& x, const elements<double>& y)
        {
            const extents all = broadcast(x.shape, y.shape);
            double out = HUGE_VAL;
            for (std::size_t i = 0; i < all.size(); ++i)
            {
                const std::size_t row = i / all.columns, column = i % all.columns;
                out = std::min(out, std::abs(x.at(row, column) - y.at(row, column)));
            }
            return out;
        }

        /// Runs what is on record once more, from `begin` on, with numbers that carry derivatives; `perturb` sets them.
        /// A hook changes what flows back through its node, so here what flows forth through it.
        template <class F>
        hyper derivative(const pass& p, const std::vector<double>& seed, F perturb, std::size_t begin,
                         double& scale) const
        {
            std::vector<std::vector<hyper>> flow(p.root + 1);
            for (std::size_t n = begin; n <= p.root; ++n)
            {
                const node& s = m_nodes[n];
                if (!p.reached[n])
                {
                    continue;
                }
                if (s.operands.empty())
                {
                    const elements<double> x = elements_at(n);
                    flow[n].assign(x.values.begin(), x.values.end());
                }
                else
                {
                    flow[n] =
                        compute(s.what, s.constant, as_read(s.operands[0], flow), as_read(s.operands.back(), flow))
                            .values;
                }
                perturb(n, flow[n]);
                for (hyper& h : flow[n])
                {
                    h.a *= s.hook;
                    scale = std::max({scale, std::abs(h.a), std::abs(h.b), std::abs(h.ab)});
                }
            }
            hyper out;
            for (std::size_t i = 0; i < seed.size(); ++i)
            {
                out = out + hyper(seed[i]) * flow[p.root][i];
            }
            return out;
        }

        /// An operand's values when the statement ran, with the derivatives that flow into it.
        elements<hyper> as_read(const operand& o, const std::vector<std::vector<hyper>>& flow) const
        {
            elements<hyper> out{o.values.shape, {o.values.values.begin(), o.values.values.end()}};
            if (o.flows && m_nodes[o.node].differentiable && !flow[o.node].empty())
            {
                for (std::size_t i = 0; i < out.values.size(); ++i)
                {
                    const hyper& from = flow[o.node][i];
                    out.values[i] = {out.values[i].v, from.a, from.b, from.ab};
                }
            }
            return out;
        }
    };
}
