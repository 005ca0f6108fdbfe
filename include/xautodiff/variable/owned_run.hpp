// SPDX-License-Identifier: BSD-3-Clause
// Entries that go together. When the last Variable of a long loop goes, so do all its entries, one after the other: another walk
// over memory that backward has just walked over. So the sweep notes what the walk would find.
#pragma once

#include <xautodiff/variable/page.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace xautodiff::variable
{
    /// How many of the operands of an entry are the one before it, where nothing else refers to that; otherwise 0.
    template <class... O>
    [[gnu::always_inline]] inline int links_to(const node_base& before, const O&... operands)
    {
        const int links = (int(&operands.plain_node() == &before) + ...);
        return ((before.references - links) | before.uses) == 0 ? links : 0;
    }

    /// Entries on doubles that lie one behind the other, from `first` to before `last`. To each of them behind the first, and
    /// to `last`, nothing refers but the entry recorded after it, once or more often. So the first one takes the others with it,
    /// as long as nobody has got at them through it: who does so says so by tape::forget_run.
    struct owned_run
    {
        /// What they refer to beside each other, and how often.
        struct other
        {
            node_base* node = nullptr;
            std::int32_t references = 0;
        };

        static constexpr std::size_t most_operands = 3;  ///< of an entry
        static constexpr std::size_t most_others = 4;    ///< before its last entry's come in

        /// In bytes: what is shorter is freed as quickly without being known.
        static constexpr std::size_t shortest = 4096;

        node_base* first = nullptr;  ///< null where there is no run
        node_base* last = nullptr;
        std::array<other, most_others + most_operands> others{};
        std::size_t count = 0;  ///< of these

        bool has_room() const { return count <= most_others; }

        [[gnu::noinline]] void note(node_base& x, std::int32_t references)
        {
            std::size_t at = 0;
            while (at < count && others[at].node != &x)
            {
                ++at;
            }
            count += at == count ? 1 : 0;
            others[at].node = &x;
            others[at].references += references;
        }

        /// Calls f(page, bytes) for each page, with what the run takes of it. The page may go with that.
        template <class F>
        void for_each_page(F f) const
        {
            const std::uintptr_t end = reinterpret_cast<std::uintptr_t>(last);
            std::uintptr_t at = reinterpret_cast<std::uintptr_t>(first);
            page* p = page::of(*first);
            while (p != page::of(*last))
            {
                page* const older = p->older;
                f(*p, p->end() - at);
                p = older;
                at = p->youngest;
            }
            f(*p, end - at);
        }

        /// What it takes, in bytes.
        std::size_t size() const
        {
            std::size_t out = 0;
            for_each_page([&](const page&, std::size_t bytes) { out += bytes; });
            return out;
        }
    };
}
