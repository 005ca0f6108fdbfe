// SPDX-License-Identifier: BSD-3-Clause
// Evaluators of statements, kept for the next time: a statement in a loop is planned once, and then finds only that its arrays
// lie elsewhere.
#pragma once

#include <xautodiff/evaluate/evaluate.hpp>

#include <cstddef>
#include <utility>
#include <vector>

namespace xautodiff::variable
{
    /// What is done when a thread ends.
    class thread_end
    {
    public:
        using action = void (*)() noexcept;

        /// Whether it will be done: not where the thread is ending already.
        static bool call(action f)
        {
            static thread_local thread_end here;
            if (!is_over)
            {
                here.m_actions.push_back(f);
            }
            return !is_over;
        }

        ~thread_end()
        {
            is_over = true;
            for (const action f : m_actions)
            {
                f();
            }
        }

    private:
        std::vector<action> m_actions;
        static inline constinit thread_local bool is_over = false;
    };

    /// The evaluator of one graph that this thread keeps between its runs. It refers to no array, and what it holds that
    /// grows with them is given back where it is large: a statement over large arrays hardly notices that it is planned.
    template <class Evaluator>
    class kept_evaluator
    {
    public:
        /// Runs it; or another, where it is running already: an operation may evaluate what it stands in.
        template <class... A>
        static bool run(const A&... a)
        {
            // One that throws is not used again.
            evaluate::owned_evaluator used = evaluate::owned(idle != nullptr ? std::exchange(idle, nullptr) : make());
            Evaluator& evaluator = *static_cast<Evaluator*>(used.get());
            const bool consistent = evaluator.run(a...);
            if (idle == nullptr && is_keeping && evaluator.kept_bytes() <= most_kept_bytes)
            {
                idle = &evaluator;
                used.release();
            }
            return consistent;
        }

    private:
        static constexpr std::size_t most_kept_bytes = std::size_t(1) << 15;

        static inline constinit thread_local Evaluator* idle = nullptr;
        static inline constinit thread_local bool is_keeping = false;

        [[gnu::noinline]] static Evaluator* make()
        {
            is_keeping = is_keeping || thread_end::call(&end);
            return new Evaluator;
        }

        static void end() noexcept
        {
            is_keeping = false;
            delete std::exchange(idle, nullptr);
        }
    };

    /// evaluate::detail::run with an evaluator that is kept.
    template <class Program, class T, array::family Family, class Node, class Arguments, class Results>
    bool run_kept(const Node& node, const Arguments& arguments, const Results& results)
    {
        if constexpr (evaluate::is_static<Program, Family>)
        {
            return evaluate::detail::run<Program, T, Family>(node, arguments, results);
        }
        else
        {
            return kept_evaluator<evaluate::evaluator_of<Program, T, Family>>::run(node, arguments, results);
        }
    }
}
