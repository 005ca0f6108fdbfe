// SPDX-License-Identifier: BSD-3-Clause
// What a schedule is made of: regions, each one loop, and the order in which they and other tasks are run.
//
// A region reads stored arrays and numbers, computes its members in registers, element by element, and has any number of
// outputs: elements to store, sums to add up.
#pragma once

#include <xautodiff/graph/role.hpp>

namespace xautodiff::graph
{
    enum class output_kind
    {
        store,       ///< an element each; where the shapes turn out to differ, summed on the way
        accumulate,  ///< summed over some axes
        total        ///< summed over all elements
    };

    struct region_output
    {
        int step = -1;  ///< whose memory is written
        int from = -1;  ///< the member or stream that is written or summed
        int home = -1;  ///< the step that owns the memory: `step`, or a sum of which it is a part
        output_kind kind = output_kind::store;
        bool is_shared = false;         ///< another result of the same loop is added to the same memory
        unsigned long long serves = 0;  ///< the graph's outputs that need it, as bits; all from the 64th on share one

        /// Whether the inner loop adds to memory itself. Two that add to the same would wait for each other's stores.
        constexpr bool adds_in_place() const { return kind == output_kind::accumulate && !is_shared; }
    };

    struct region
    {
        bool is_number = false;             ///< computed once, without a loop
        int first_stream = 0, streams = 0;  ///< the stored arrays it reads
        int first_number = 0, numbers = 0;  ///< the stored numbers it reads
        int first_member = 0, members = 0;  ///< the steps it computes, in order
        int first_output = 0, outputs = 0;
        unsigned long long repeats = 0;  ///< streams that may hold one element for a whole row, as bits
        unsigned long long fixed = 0;    ///< streams of which all rows that are taken together read the same, as bits
        unsigned long long serves = 0;

        /// The bit of a stream in `repeats` and `fixed`; none from the 64th stream on.
        static constexpr unsigned long long bit_of(int stream) { return stream < 64 ? 1ull << stream : 0; }
        constexpr bool may_repeat(int stream) const { return (repeats & bit_of(stream)) != 0; }
        constexpr bool is_fixed(int stream) const { return (fixed & bit_of(stream)) != 0; }
    };

    enum class task_kind
    {
        region,
        whole,
        alias
    };

    struct task
    {
        task_kind kind = task_kind::region;
        int index = 0;  ///< of the region, or of the step
        unsigned long long serves = 0;
        bool reads_values = true;  ///< otherwise it depends on shapes alone, and is done when they are known
    };

    template <std::size_t Tasks, std::size_t Regions, std::size_t Members, std::size_t Streams, std::size_t Numbers,
              std::size_t Outputs, std::size_t Expected, std::size_t Assembled>
    struct schedule
    {
        std::array<task, Tasks> tasks{};
        std::array<region, Regions> regions{};
        std::array<int, Members + 1> members{};
        std::array<int, Streams + 1> streams{};
        std::array<int, Numbers + 1> numbers{};
        std::array<region_output, Outputs> outputs{};
        /// Sums to a shape that are done in passing: their operands must turn out to have that shape.
        std::array<int, Expected> expected{};
        /// Steps whose memory parts are added to: zero at first.
        std::array<int, Assembled> assembled{};
    };
}
