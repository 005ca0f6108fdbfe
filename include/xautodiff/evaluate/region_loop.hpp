// SPDX-License-Identifier: BSD-3-Clause
// A region's loop over arrays of any layout, planned: how it is walked, and how each result gets to where it belongs.
// Compiled once for each number type.
#pragma once

#include <xautodiff/array/loop.hpp>
#include <xautodiff/evaluate/region_kernel.hpp>

namespace xautodiff::evaluate
{
    /// How a result of the inner loop gets to where it belongs.
    enum class delivery : char
    {
        // These need no buffer.
        total,   ///< added up in registers
        direct,  ///< the inner loop writes it
        merged,  ///< the inner loop puts it together with the other parts of the same memory, and writes that
        // These go through one.
        spread,   ///< from a buffer to elements at some distance
        add,      ///< from a buffer, added to what is there
        row_sum,  ///< each row is added to one element
        none      ///< not wanted now
    };

    /// Elements at a time.
    template <class T>
    struct block_sizes
    {
        static constexpr array::index lanes = array::lane_count<T>;
        /// Rows with fewer elements are taken together.
        static constexpr array::index short_row = 64;
        /// What a sum adds up before it goes into pairs, and what is buffered.
        static constexpr array::index buffered = 512;
        /// Where nothing is buffered.
        static constexpr array::index plain = lanes > 1 ? 2048 : buffered;
        /// The size of the buffer for one stream or result: a block, and a register more for what is left over.
        static constexpr array::index buffer = buffered + lanes;
    };

    /// Where a result lies in memory that other results are added to as well.
    struct part_place
    {
        bool is_known = false;  ///< this loop goes through all parts of the memory
        bool writes = false;    ///< what is before and behind it has to be zero at first
        array::index before = 0, written = 0, after = 0;
        array::index delay = 0;  ///< how far it begins behind the part that begins first
    };

    /// A region's loop, planned: where its arrays are, and how they lie to each other.
    template <class T>
    struct region_loop
    {
        std::size_t streams = 0, numbers = 0, results = 0;
        const graph::region* region = nullptr;
        const graph::region_output* outputs = nullptr;
        const T** in = nullptr;            ///< the streams, then the numbers
        T** out = nullptr;                 ///< null: this result is not wanted now
        array::strides* stride = nullptr;  ///< of the streams, then of the results; rearranged by `plan`
        array::index* row_step = nullptr;  ///< their strides along the first axis, as they were before
        delivery* how = nullptr;           ///< for each result
        part_place* part = nullptr;        ///< for each result
        array::loop_axes axes;
        array::index row_block = 0;  ///< how many elements of a row are taken at a time
        bool is_plain = false;       ///< no buffer is needed but for what does not fill a register
        bool is_small = false;       ///< that, and no sums in pairs
        bool is_tiled = false;       ///< rows are so short that some are taken together
        bool is_grouped = false;     ///< all rows are added to the same elements: some are taken abreast
        bool is_batched = false;     ///< rows need hardly any buffer: some are taken with one call
        bool is_planned = false;     ///< the same every time: all results have one shape
        bool is_simple = false;      ///< planned and small, with nothing to be done before
        bool has_sums = false;       ///< some results have to be zero before
        bool has_parts = false;      ///< it writes memory that several of its results are parts of
        bool is_merged = false;      ///< they are put together in registers
        bool has_chunks = false;     ///< some results are sums over many rows

        void plan(const array::shape& shape);
        /// After `plan`, if all parts of the memory of `home` are results of this loop: whether it can do without zeros there.
        bool find_parts(std::size_t home, const array::array_ref<T>& target);
        /// After all `find_parts`: decides how they are put together.
        void place_parts();
        /// Decides how the loop is walked, from how its results get to their places.
        void choose_walk();

        /// Whether some elements do not fill a register.
        bool has_rest() const { return axes.row_size() % array::lane_count<T> != 0; }
        array::index step_of(std::size_t k) const { return axes.rank == 0 ? 1 : stride[k][0]; }
        /// Whether the inner loop reads the same element of a stream for the whole row.
        bool repeats(std::size_t s) const { return step_of(s) == 0 && region->may_repeat(int(s)); }
        /// Whether the inner loop adds up a row of a result.
        bool goes_round(std::size_t o) const
        {
            return array::lane_count<T> > 1 && !is_tiled && how[o] == delivery::row_sum && outputs[o].adds_in_place();
        }
    };

    template <class T>
    [[gnu::cold]] void region_loop<T>::plan(const array::shape& shape)
    {
        axes = array::order_axes(shape, {stride, streams + results});
        has_parts = is_merged = is_simple = false;
        std::fill_n(part, results, part_place());
        const array::index n = axes.row_size();
        is_tiled = axes.rank > 1 && n < block_sizes<T>::short_row;
        for (std::size_t o = 0; o < results; ++o)
        {
            const array::strides& to = stride[streams + o];
            const array::index step = step_of(streams + o);
            const bool accumulates = outputs[o].kind == graph::output_kind::accumulate;
            const bool meets = std::count(to.begin(), to.begin() + axes.rank, 0) != 0;
            const bool lies_in_row = step == 1 && (!is_tiled || to[1] == n);
            how[o] = out[o] == nullptr                                                 ? delivery::none
                     : outputs[o].kind == graph::output_kind::total                    ? delivery::total
                     : axes.rank > 0 && step == 0                                      ? delivery::row_sum
                     : lies_in_row && !outputs[o].is_shared && (accumulates || !meets) ? delivery::direct
                     : accumulates || meets                                            ? delivery::add
                                                                                       : delivery::spread;
        }
        choose_walk();
    }

    template <class T>
    [[gnu::cold]] void region_loop<T>::choose_walk()
    {
        const array::index n = axes.row_size();
        is_plain = !is_tiled;
        bool needs_buffers = is_tiled;
        for (std::size_t s = 0; s < streams; ++s)
        {
            is_plain = is_plain && step_of(s) == 1;
            needs_buffers = needs_buffers || !(step_of(s) == 1 || repeats(s));
        }
        for (std::size_t o = 0; o < results; ++o)
        {
            const bool needs_none = how[o] <= delivery::merged;
            is_plain = is_plain && needs_none;
            needs_buffers = needs_buffers || !(needs_none || goes_round(o));
        }
        row_block = needs_buffers ? block_sizes<T>::buffered : block_sizes<T>::plain;
        // In the kernel such sums stay in registers from row to row.
        is_grouped = is_plain && axes.rank > 1 && array::lane_count<T> > 1;
        for (std::size_t s = 0; s < streams; ++s)
        {
            is_grouped = is_grouped && (stride[s][1] == 0 || !region->is_fixed(int(s)));
        }
        bool any_sum = false;
        for (std::size_t o = 0; o < results; ++o)
        {
            const bool adds = outputs[o].adds_in_place();
            any_sum = any_sum || adds;
            is_grouped = is_grouped && (!adds || (how[o] == delivery::direct && stride[streams + o][1] == 0));
        }
        is_grouped = is_grouped && any_sum;
        is_batched =
            !needs_buffers && !is_grouped && axes.rank > 1 && n <= block_sizes<T>::plain && array::lane_count<T> > 1;
        for (std::size_t o = 0; o < results; ++o)
        {
            is_batched = is_batched && (goes_round(o) || !outputs[o].adds_in_place());
        }
        is_small =
            is_plain && axes.rank <= 1 && !axes.is_empty && n <= block_sizes<T>::plain && array::lane_count<T> > 1;
    }

    template <class T>
    [[gnu::cold]] bool region_loop<T>::find_parts(std::size_t home, const array::array_ref<T>& target)
    {
        const auto is_part = [&](std::size_t o) { return std::size_t(outputs[o].home) == home; };
        bool in_order = axes.rank == 1 && !axes.is_empty && target.is_contiguous();
        for (std::size_t o = 0; o < results; ++o)
        {
            in_order = in_order && (!is_part(o) || (how[o] == delivery::add && stride[streams + o][0] == 1));
        }
        for (std::size_t o = 0; in_order && o < results; ++o)
        {
            if (is_part(o))
            {
                part[o].is_known = has_parts = true;
                part[o].before = out[o] - target.data;
                part[o].written = axes.row_size();
                part[o].after = target.size() - part[o].before - part[o].written;
            }
        }
        return in_order;
    }

    template <class T>
    [[gnu::cold]] void region_loop<T>::place_parts()
    {
        constexpr array::index lanes = block_sizes<T>::lanes;
        const auto same_home = [this](std::size_t a, std::size_t b) { return outputs[a].home == outputs[b].home; };
        is_merged = array::has_delay_lines && lanes > 1;
        for (std::size_t o = 0; o < results; ++o)
        {
            for (std::size_t other = 0; part[o].is_known && other < results; ++other)
            {
                const array::index distance = same_home(o, other) ? part[o].before - part[other].before : 0;
                part[o].delay = std::max(part[o].delay, distance);
            }
            is_merged = is_merged && (!outputs[o].is_shared || part[o].is_known) && part[o].delay <= lanes;
        }
        for (std::size_t o = 0; o < results; ++o)
        {
            if (!part[o].is_known)
            {
                continue;
            }
            std::size_t first = o, last = o, parts = 0;
            for (std::size_t other = 0; other < results; ++other)
            {
                if (same_home(o, other))
                {
                    first = std::min(first, other);
                    last = part[other].delay > part[last].delay ? other : last;
                    ++parts;
                }
            }
            if (is_merged)
            {
                // What does not fill a register is added.
                how[o] = delivery::merged;
                part[o].writes = part[o].delay == 0;
                part[o].after += part[o].written % lanes;
                part[o].written -= part[o].written % lanes;
            }
            else if (o == last && (parts == 2 || o == first))
            {
                // It comes first to every element that it has, and parts are added in the order of the results.
                how[o] = delivery::direct;
                part[o].writes = true;
            }
            else if (o == first && parts > 2)
            {
                part[o].writes = true;
                part[o].after += part[o].written;
                part[o].written = 0;
            }
        }
        choose_walk();
    }
}
