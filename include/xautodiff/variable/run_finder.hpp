// SPDX-License-Identifier: BSD-3-Clause
// How a sweep notes, on its way, which entries will go together.
#pragma once

#include <xautodiff/variable/tape.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace xautodiff::variable
{
    /// Leaves the longest run among the entries that it is shown with the tape.
    class run_finder
    {
    public:
        /// What changes with every entry: in registers.
        struct state
        {
            node_base* first = nullptr;   ///< of the run that goes on; null where none does
            node_base* other = nullptr;   ///< what its latest entries referred to beside each other, and
            std::int32_t references = 0;  ///< how often since that was noted
            std::int32_t patience = most_failures;
        };

        /// The turn of n, which refers to `operands`; `before` is what lies before it.
        template <class... X>
        [[gnu::always_inline]] void pass(state& s, node_base& n, node_base& before, X&... operands)
        {
            const int links = (int(&operands == &before) + ...);
            constexpr int count = sizeof...(X);
            node_base* other = nullptr;
            ((other = &operands == &before ? other : &operands), ...);
            const bool adds_same = links == count ? s.first != nullptr : links == count - 1 && other == s.other;
            if (links != 0 && adds_same && is_owned(before, links)) [[likely]]
            {
                s.references += count - links;
            }
            else if (s.patience != 0)
            {
                s = look_closer(s, n, before, {&operands...});
            }
        }

        /// The run that goes on, if one does, has n as its last.
        void end(state& s, node_base& n)
        {
            if (s.first != nullptr)
            {
                note(s.other, s.references);
                finish(s, n);
            }
        }

    private:
        /// After so many entries that begin no run no more is looked for.
        static constexpr std::int32_t most_failures = 64;
        static constexpr std::size_t most_operands = owned_run::most_operands;

        owned_run m_run;
        std::size_t m_others = 0;   ///< of the run
        std::size_t m_longest = 0;  ///< in bytes, of those that are done

        /// Whether so many references are all that there is to an entry.
        static bool is_owned(const node_base& n, int references) { return ((n.references - references) | n.uses) == 0; }

        /// Gets the state by value and returns it, as what has an address is in no register.
        [[gnu::noinline]] state look_closer(state s, node_base& n, node_base& before,
                                            std::array<node_base*, most_operands> operands)
        {
            // At the end of a page lies a mark.
            node_base* const next = before.size() == 0 ? page_list::before(before) : &before;
            const auto links = std::count(operands.begin(), operands.end(), next);
            const bool goes_on = next != nullptr && links != 0 && is_owned(*next, int(links));
            if (!goes_on)
            {
                end(s, n);
                s.patience -= s.first == nullptr ? 1 : 0;
                return s;
            }
            if (s.first == nullptr)
            {
                s.first = &n;
                m_run.others = {};
                m_others = 0;
            }
            else
            {
                note(s.other, s.references);
            }
            s.other = nullptr;
            s.references = 0;
            for (node_base* o : operands)
            {
                if (o != nullptr && o != next)
                {
                    note(o, 1);
                    s.other = o;
                }
            }
            if (m_others > owned_run::most_others)
            {
                finish(s, *next);
            }
            return s;
        }

        void note(node_base* other, std::int32_t references)
        {
            if (other == nullptr)
            {
                return;
            }
            std::size_t at = 0;
            while (at < m_others && m_run.others[at].node != other)
            {
                ++at;
            }
            m_others += at == m_others ? 1 : 0;
            m_run.others[at].node = other;
            m_run.others[at].references += references;
        }

        void finish(state& s, node_base& last)
        {
            m_run.first = s.first;
            m_run.last = &last;
            const std::size_t size = m_run.size();
            if (size > m_longest && size >= owned_run::shortest)
            {
                m_longest = size;
                tape::here().keep_run(m_run);
                s.patience = most_failures;
            }
            s.first = s.other = nullptr;
            s.references = 0;
        }
    };
}
