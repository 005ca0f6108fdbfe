// SPDX-License-Identifier: BSD-3-Clause
// A graph's plan and the memory to run it, without their sizes in the type: so that what runs them is compiled once.
#pragma once

#include <xautodiff/evaluate/region_runner.hpp>

#include <array>
#include <vector>

namespace xautodiff::evaluate
{
    /// When a task is run.
    enum class turn : char
    {
        with_shapes,  ///< it depends on them alone
        first,
        by_rows,  ///< again and again, on a block of rows each time
        after     ///< the blocks, as it needs all of what they compute
    };

    /// When a step's value is there.
    enum class there : char
    {
        before,  ///< the blocks are run
        by_rows,
        after
    };

    /// What a step's first axis is to tasks that are run in blocks of rows.
    struct row_role
    {
        there when = there::before;
        bool is_alias = false;
        bool is_kept = false;    ///< all its rows are needed afterwards
        bool has_block = false;  ///< it has memory for one block
        op::row_use use;         ///< of an operation on whole arrays
    };

    /// Where an operation on whole arrays reads and writes.
    template <class T>
    struct operands
    {
        array::array_ref<T> out;
        std::array<array::array_ref<const T>, graph::max_operands> x;
        const array::parameters* parameters = nullptr;
    };

    /// What is compiled for a task of a graph: one of these, as its kind says.
    template <class T>
    struct task_code
    {
        region_function<T> loop = nullptr;
        number_function<T> numbers = nullptr;
        void (*whole)(const operands<T>&) = nullptr;
        /// n elements of a result and of operands, at the distances `step`: the result's first.
        void (*row)(array::index n, T* out, const T* const* x, const array::index* step) = nullptr;
        array::array_ref<const T> (*alias)(const array::array_ref<const T>&, const array::shape&,
                                           const array::parameters*) = nullptr;
    };

    /// A task whose turn it is.
    template <class T>
    struct ready_task
    {
        const task_code<T>* code;
        std::size_t index;
        const operands<T>* all;  ///< of an operation on whole arrays
    };

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
        std::size_t step_count, slot_count, output_count, task_count, region_count, result_count, expected_count,
            assembled_count;
        std::size_t most_arrays;  ///< the largest number of streams and results of one region
    };

    /// The machine's memory, whose sizes depend on the graph. Plain pointers: that there is enough is known to the types.
    template <class T>
    struct machine_memory
    {
        array::array_ref<const T>* value;  ///< where each step's value lies
        array::array_ref<T>* target;       ///< where each stored step's value goes
        array::shape* shape;
        row_role* row;
        evaluate::turn* turn;             ///< of each task
        evaluate::operands<T>* operands;  ///< of each task on whole arrays
        ready_task<T>* ready;             ///< the tasks that are run first
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
        array::index* row_step;
        delivery* how;
        part_place* part;
        bool* is_cleared;  ///< for each assembled step, whether a loop clears it
        // For one region at a time.
        region_scratch<T> scratch;
    };
}
