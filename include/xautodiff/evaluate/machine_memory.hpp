// SPDX-License-Identifier: BSD-3-Clause
// A graph's plan and the memory to run it, without their sizes in the type: so that what runs them is compiled once.
#pragma once

#include <xautodiff/evaluate/region_runner.hpp>

#include <vector>

namespace xautodiff::evaluate
{
    /// A plan without its sizes in the type.
    struct plan_view
    {
        const graph::plan_step* steps;
        const graph::plan_slot* slots;
        const int* outputs;
        const int* occurrence_slot;
        const graph::task* tasks;
        const graph::region* regions;
        const graph::region_output* results;
        const int* streams;
        const int* numbers;
        const int* expected;
        const int* assembled;
        std::size_t step_count, slot_count, task_count, region_count, result_count, expected_count, assembled_count;
        std::size_t most_arrays;  ///< the largest number of streams and results of one region
    };

    /// The machine's memory, whose sizes depend on the graph. Plain pointers: that there is enough is known to the types.
    template <class T>
    struct machine_memory
    {
        array::array_ref<const T>* value;  ///< where each step's value lies
        array::array_ref<T>* target;       ///< where each stored step's value goes
        array::shape* shape;
        T* literal;
        T* number;  ///< of each slot
        array::parameters* parameters;
        const void** origin;                ///< what first filled each slot
        std::vector<T>* converted;          ///< elements of another number type
        array::array_ref<const T>* result;  ///< of each output, the container's elements
        // Of all regions, one after the other.
        region_loop<T>* loops;
        const T** in;
        T** out;
        array::strides* stride;
        delivery* how;
        clearing<T>* clear;
        bool* is_cleared;  ///< for each assembled step, whether a loop clears it
        // For one region at a time.
        region_scratch<T> scratch;
    };
}
