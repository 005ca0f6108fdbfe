// SPDX-License-Identifier: BSD-3-Clause
// What a Variable is a handle to. A leaf is a block of its own; the result of a recorded statement lies on the tape, its
// operands behind it. Everything here knows nothing of T: what does is reached through two static tables.
#pragma once

#include <cstdint>
#include <string>

namespace xautodiff::variable
{
    class sweep;
    class traced_pass;
    struct traced;
    struct node_base;
    struct side_base;
    struct outline_step;

    /// What there is to ask of a node, in one word with the size of an entry.
    namespace flag
    {
        inline constexpr std::uint32_t constant = 1,  ///< no gradient can flow into it
            recorded = 2,                             ///< the result of a statement, on a tape
            reached = 4,                              ///< holds an adjoint of the sweep that runs
            spent = 8,                                ///< passed by a backward that did not retain the graph
            has_side = 16,                            ///< `side` is in use, and tells the type
            shares = 32,                              ///< shows the elements of another node
            changed = 64,                             ///< its elements were changed in place
            detached = 128,                           ///< handles follow side->replacement
            kept = 256,                               ///< its adjoint outlives its turn in the sweep
            marked = 512,                             ///< in use by whoever walks the tape
            has_versions = 1024,      ///< of numbers: operands were changed before: their versions lie behind
            own_constants = 2048,     ///< of numbers: its constants differ from its statement's first ones
            emptied = own_constants,  ///< of arrays: the elements are gone, and what is left is their shape
            released = 4096,          ///< nothing refers to it but nodes that show its elements
            copied = 8192,            ///< a Variable of it was copied: there may be several
            bare = 16384,             ///< its recorded expression is gone
            in_limbo = 32768,         ///< waits until no expression uses it
            doubles = 1 << 16,        ///< the result of a statement on doubles
            partial = 1 << 17,    ///< of such: some operand gets no adjoint, or a zero that is known while compiling
            heads_run = 1 << 18;  ///< of such: others may go with it, as the tape knows: see owned_run

        inline constexpr int bits = 19;
        inline constexpr std::uint32_t size_mask = ~std::uint32_t(0) << bits;

        /// The largest size that finds room there.
        inline constexpr std::size_t largest_size = std::size_t(size_mask >> bits) * 8;

        /// The size of an entry in its word of flags: the distance to the entry before. 0 where that is not on its page.
        constexpr std::uint32_t of_size(std::size_t bytes) { return std::uint32_t(bytes / 8) << bits; }
    }

    /// What is the same for all nodes that hold a T.
    struct container_type
    {
        /// Ends the life of the elements. Null where nothing needs to be done.
        void (*destroy_value)(node_base&) noexcept;
        void (*destroy_adjoint)(node_base&) noexcept;
        void (*destroy_side)(side_base*) noexcept;
        /// Calls the hooks with the adjoint, which they may replace.
        void (*run_hooks)(node_base&);
        /// Adds the adjoint to what will be the gradient; then makes it the gradient. Only the first can throw.
        void (*prepare_gradient)(node_base&);
        void (*commit_gradient)(node_base&) noexcept;
        void (*drop_prepared)(node_base&) noexcept;
        /// Moves the adjoint away for the time that another sweep runs, and back.
        void* (*take_adjoint)(node_base&);
        void (*return_adjoint)(node_base&, void*) noexcept;
        /// The same where there is another already, to which it is added.
        void (*add_adjoint)(node_base&, void*);
        /// The same for a recorded backward pass. What a hook returns counts as a constant there.
        void (*run_hooks_on)(node_base&, traced&);
        /// prepare_gradient for a recorded adjoint.
        void (*prepare_traced)(node_base&, const traced&);
        /// "torch.DoubleTensor [2, 3]"
        std::string (*describe)(const node_base&);
        /// Leaves of the elements their shape, where they are many. Null where they never are.
        void (*drop_elements)(node_base&) noexcept = nullptr;
        /// The shape in the upper half of a word: other shapes give other numbers, in all likelihood. Null where it never changes.
        std::uint64_t (*shape_mark)(const node_base&) = nullptr;
    };

    /// What backward needs to know of an operand of a statement.
    struct operand_use
    {
        std::uint8_t output = 0;     ///< which of the statement's adjoints is the operand's
        bool flows = false;          ///< a gradient can flow to it
        bool is_zero = false;        ///< the adjoint is 0 whatever arrives
        std::uint64_t read_for = 0;  ///< the adjoints whose computation reads its value, as bits
    };

    enum class statement_kind : std::uint8_t
    {
        doubles,  ///< on numbers: the entry keeps partial derivatives beside its operands
        floats,
        expression  ///< has a pullback of its own
    };

    /// What is the same for all results of one statement; for a leaf nothing but the container.
    struct node_type
    {
        const container_type* container;
        statement_kind kind = statement_kind::expression;
        void (*pull)(sweep&, node_base&) = nullptr;
        /// The same, recorded in its turn.
        void (*derive)(traced_pass&, node_base&, const traced& adjoint) = nullptr;
        /// Ends the life of the recorded expression.
        void (*destroy_expression)(node_base&) noexcept = nullptr;
        const outline_step* outline = nullptr;
        const operand_use* uses = nullptr;
        const int* operand_of_occurrence = nullptr;
        std::uint64_t reads = 0;  ///< the adjoints whose computation reads any value, as bits
        int occurrences = 0;      ///< of Variables in the expression
        unsigned operands = 0;
        unsigned constants = 0;
        unsigned operands_at = 0;  ///< in bytes from the node
        /// Whether its elements go when nobody will read them any more, though its entry stays: see `emptiable`.
        bool may_be_emptied = false;
    };

    /// Of the thread whose nodes count as its own. A type of its own, so that the compiler knows that counting changes none.
    enum class tape_number : std::uint32_t
    {
        none = 0,  ///< handles of the node have to look closer
        unborn = ~std::uint32_t(0)
    };

    struct node_base
    {
        // Counted by the owning thread alone; see tape.hpp for the others.
        std::int32_t references = 1;  ///< of Variables and statements
        std::int32_t uses = 0;        ///< of the elements: in expressions, and by pullbacks that read them
        tape_number home;
        std::uint32_t flags;  ///< and the size of an entry
        union
        {
            const node_type* plain_type;
            side_base* side;
        };

        node_base(const node_type& t, std::uint32_t f, tape_number h) : home(h), flags(f), plain_type(&t) {}
        /// No node, but what is found where one is looked for: the end of a page.
        constexpr node_base() : references(0), home(tape_number::none), flags(0), plain_type(nullptr) {}
        node_base(const node_base&) = delete;
        node_base& operator=(const node_base&) = delete;

        bool has(std::uint32_t f) const { return (flags & f) != 0; }
        void set(std::uint32_t f) { flags |= f; }
        void clear(std::uint32_t f) { flags &= ~f; }
        bool is_leaf() const { return !has(flag::recorded); }
        bool is_differentiable() const { return !has(flag::constant); }
        /// Of an entry, in bytes.
        std::size_t size() const { return std::size_t(flags >> flag::bits) * 8; }
        inline const node_type& type() const;
    };

    /// A node that may hold many elements. An entry's go as soon as no Variable refers to it, and no expression and no pullback
    /// that may yet run reads them: in a loop `y = y * 2` only two arrays are there at a time, though all entries are.
    struct emptiable : node_base
    {
        std::uint32_t variables = 0;  ///< Variables among the references; too many where some went in other threads

        using node_base::node_base;
    };

    /// What few nodes need.
    struct side_base
    {
        const node_type* type = nullptr;
        std::uint64_t version = 0;
        int element_users = 0;                ///< nodes that show this one's elements
        node_base* elements = nullptr;        ///< whose elements this node shows
        node_base* replacement = nullptr;     ///< the leaf that handles mean after detach_
        node_base* prepared_graph = nullptr;  ///< what the next one will be
        node_base* gradient_graph = nullptr;  ///< the gradient on record, after a pass with create_graph
        bool retains_grad = false;
        bool has_hooks = false;
        bool is_foreign = false;  ///< it shows the elements of another thread's node, which it refers to
        bool stands_in = false;   ///< and takes adjoints for that
    };

    inline const node_type& node_base::type() const { return has(flag::has_side) ? *side->type : *plain_type; }

    /// The part of an operand's `version` that is the version; in the other one is the mark of its shape.
    inline constexpr std::uint64_t version_bits = 0xffffffff;

    inline std::uint64_t shape_mark_of(const node_base& n)
    {
        const auto mark = n.type().container->shape_mark;
        return mark == nullptr ? 0 : mark(n);
    }

    /// An operand of a statement, and its partial derivative or the version in which it was read, with a mark of its shape.
    struct operand
    {
        static constexpr std::uintptr_t constant_bit = 1, zero_bit = 2;

        std::uintptr_t where;
        union
        {
            double partial;
            std::uint64_t version;
        };

        node_base* node() const { return reinterpret_cast<node_base*>(where & ~(constant_bit | zero_bit)); }
        /// Whether it gets an adjoint that is not known while compiling; and then:
        bool is_plain() const { return (where & (constant_bit | zero_bit)) == 0; }
        node_base& plain_node() const { return *reinterpret_cast<node_base*>(where); }
        /// Whether the statement took it for a constant.
        bool is_constant() const { return (where & constant_bit) != 0; }
        /// Whether its adjoint is 0 whatever arrives, and known while compiling.
        bool is_zero() const { return (where & zero_bit) != 0; }
    };

    inline operand* operands_of(node_base& n)
    {
        return reinterpret_cast<operand*>(reinterpret_cast<char*>(&n) + n.type().operands_at);
    }
    inline const operand* operands_of(const node_base& n) { return operands_of(const_cast<node_base&>(n)); }

    /// The same of a statement on doubles, whose operands always lie behind an adjoint and a value.
    inline const operand* operands_of_numbers(const node_base& n)
    {
        return reinterpret_cast<const operand*>(reinterpret_cast<const char*>(&n) + sizeof(node_base)
                                                + 2 * sizeof(double));
    }

    /// The size of such a statement's entry that has nothing behind its operands.
    constexpr std::size_t size_of_numbers(std::size_t operands)
    {
        return sizeof(node_base) + 2 * sizeof(double) + operands * sizeof(operand);
    }

    /// What the inner loops look at: by one comparison they know an entry that is on doubles, of so many operands, and nothing
    /// special. Bits beside those asked for are ignored.
    template <unsigned Operands>
    constexpr bool is_usual(std::uint32_t flags, std::uint32_t asked, std::uint32_t expected)
    {
        constexpr std::uint32_t form =
            flag::doubles | flag::partial | flag::has_versions | flag::own_constants | flag::size_mask;
        return (flags & (form | asked)) == (flag::doubles | flag::of_size(size_of_numbers(Operands)) | expected);
    }

    /// Where the adjoint of an operand goes; null where it is not asked for.
    inline node_base* target_of(const operand& o)
    {
        node_base* n = o.node();
        return o.is_constant() || !n->is_differentiable() ? nullptr : n;
    }

    /// The node whose elements this one shows.
    inline node_base& elements_of(node_base& n)
    {
        node_base* at = &n;
        while (at->has(flag::shares)) [[unlikely]]
        {
            at = at->side->elements;
        }
        return *at;
    }
    inline const node_base& elements_of(const node_base& n) { return elements_of(const_cast<node_base&>(n)); }

    /// How often the elements were changed in place.
    inline std::uint64_t version_of(const node_base& n)
    {
        const node_base& e = elements_of(n);
        return e.has(flag::changed) ? e.side->version : 0;
    }

    /// The node that handles of n mean now.
    inline node_base& current(node_base& n)
    {
        node_base* at = &n;
        while (at->has(flag::detached))
        {
            at = at->side->replacement;
        }
        return *at;
    }
}
