// SPDX-License-Identifier: BSD-3-Clause
// A node that holds a T: elements, adjoint, gradient, hooks; and the counted references to it.
#pragma once

#include <xautodiff/array/kernels.hpp>
#include <xautodiff/array/traits.hpp>
#include <xautodiff/variable/tape.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xautodiff::variable
{
    /// Room for the adjoint, which is there only while a sweep runs. At least a pointer wide: see next_waiting.
    template <class T>
    struct alignas(8) adjoint_slot
    {
        static constexpr bool in_place = alignof(T) <= 16;
        alignas(in_place ? alignof(T) : 8) unsigned char bytes[in_place ? (sizeof(T) < 8 ? 8 : sizeof(T)) : 8];
    };

    template <class T>
    struct node : node_base
    {
        using hook = std::function<std::optional<T>(const T&)>;
        using hook_list = std::vector<std::pair<int, hook>>;

        adjoint_slot<T> slot;
        T value;

        template <class... A>
        node(const node_type& t, std::uint16_t f, std::uint32_t h, A&&... a)
            : node_base(t, f, h), value(std::forward<A>(a)...)
        {
        }

        T& adjoint()
        {
            if constexpr (adjoint_slot<T>::in_place)
            {
                return *std::launder(reinterpret_cast<T*>(slot.bytes));
            }
            else
            {
                return **reinterpret_cast<T**>(slot.bytes);
            }
        }

        /// Starts the life of the adjoint.
        template <class A>
        void start_adjoint(A&& a)
        {
            if constexpr (adjoint_slot<T>::in_place)
            {
                ::new (slot.bytes) T(std::forward<A>(a));
            }
            else
            {
                ::new (slot.bytes) T*(new T(std::forward<A>(a)));
            }
            set(flag::reached);
        }

        void end_adjoint() noexcept
        {
            if constexpr (adjoint_slot<T>::in_place)
            {
                adjoint().~T();
            }
            else
            {
                delete &adjoint();
            }
            clear(flag::reached);
        }

        T& elements() { return static_cast<node&>(elements_of(*this)).value; }
        const T& elements() const { return static_cast<const node&>(elements_of(*this)).value; }
    };

    template <class T>
    struct side final : side_base
    {
        std::optional<T> grad, prepared;
        /// Shared, as handles of hooks may outlive the node.
        std::shared_ptr<typename node<T>::hook_list> hooks;
        int hooks_registered = 0;
    };

    /// The rare part of a node, made if need be.
    template <class T>
    side<T>& side_of(node<T>& n)
    {
        if (!n.has(flag::has_side))
        {
            auto* s = new side<T>;
            s->type = n.plain_type;
            n.side = s;
            n.set(flag::has_side);
        }
        return static_cast<side<T>&>(*n.side);
    }

    /// total += part, of equal shapes.
    template <class T>
    void accumulate_into(T& total, const T& part)
    {
        if constexpr (array::scalar_value<T>)
        {
            total += part;
        }
        else
        {
            array::add_to(array::traits<T>::ref(total), array::traits<T>::ref(part));
        }
    }

    template <class T>
    array::shape shape_of(const T& value)
    {
        return array::traits<T>::ref(value).shape;
    }

    inline void require_same_shape(const array::shape& before, const array::shape& now)
    {
        if (!(before == now))
        {
            throw error("hook has changed the size of value: from " + to_string(before) + " to " + to_string(now));
        }
    }

    /// The gradient is a mere value from here on.
    inline void forget_graph(side_base& s) noexcept
    {
        if (node_base* graph = std::exchange(s.gradient_graph, nullptr))
        {
            release(*graph);
        }
    }

    namespace detail
    {
        template <class T>
        struct container_functions
        {
            static node<T>& typed(node_base& n) { return static_cast<node<T>&>(n); }

            static void destroy_value(node_base& n) noexcept { typed(n).value.~T(); }
            static void destroy_adjoint(node_base& n) noexcept { typed(n).end_adjoint(); }
            static void destroy_side(side_base* s) noexcept { delete static_cast<side<T>*>(s); }

            static void run_hooks(node_base& n)
            {
                // A copy, as a hook may remove itself.
                const typename node<T>::hook_list hooks = *side_of(typed(n)).hooks;
                // Away from the node, whose room another pass may need that a hook begins.
                T adjoint = typed(n).adjoint();
                for (const auto& [id, hook] : hooks)
                {
                    if (std::optional<T> replaced = hook(std::as_const(adjoint)))
                    {
                        require_same_shape(shape_of(adjoint), shape_of(*replaced));
                        adjoint = std::move(*replaced);
                    }
                }
                typed(n).adjoint() = std::move(adjoint);
            }

            static void prepare_gradient(node_base& n)
            {
                side<T>& s = side_of(typed(n));
                // The sweep is over: nobody looks at the adjoint any more.
                s.prepared.emplace(std::move(typed(n).adjoint()));
                if (s.grad)
                {
                    accumulate_into(*s.prepared, *s.grad);
                }
            }

            static void commit_gradient(node_base& n) noexcept
            {
                side<T>& s = side_of(typed(n));
                s.grad.swap(s.prepared);
                s.prepared.reset();
                forget_graph(s);
                s.gradient_graph = std::exchange(s.prepared_graph, nullptr);
            }

            static void drop_prepared(node_base& n) noexcept
            {
                if (n.has(flag::has_side))
                {
                    static_cast<side<T>&>(*n.side).prepared.reset();
                    if (node_base* graph = std::exchange(n.side->prepared_graph, nullptr))
                    {
                        release(*graph);
                    }
                }
            }

            static void* take_adjoint(node_base& n)
            {
                T* taken = new T(std::move(typed(n).adjoint()));
                typed(n).end_adjoint();
                return taken;
            }

            static void return_adjoint(node_base& n, void* taken) noexcept
            {
                const std::unique_ptr<T> owned(static_cast<T*>(taken));
                typed(n).start_adjoint(std::move(*owned));
            }

            static void add_adjoint(node_base& n, void* taken)
            {
                if (!n.has(flag::reached))
                {
                    return return_adjoint(n, taken);
                }
                const std::unique_ptr<T> owned(static_cast<T*>(taken));
                accumulate_into(typed(n).adjoint(), *owned);
            }

            static void run_hooks_on(node_base& n, traced& adjoint);
            static void prepare_traced(node_base& n, const traced& adjoint);

            static std::string describe(const node_base& n)
            {
                return std::string(std::same_as<typename array::traits<T>::value_type, float> ? "torch.FloatTensor "
                                                                                              : "torch.DoubleTensor ")
                       + to_string(shape_of(static_cast<const node<T>&>(n).elements()));
            }
        };
    }

    template <class T>
    inline constexpr container_type container_of{
        std::is_trivially_destructible_v<T> ? nullptr : &detail::container_functions<T>::destroy_value,
        &detail::container_functions<T>::destroy_adjoint,
        &detail::container_functions<T>::destroy_side,
        &detail::container_functions<T>::run_hooks,
        &detail::container_functions<T>::prepare_gradient,
        &detail::container_functions<T>::commit_gradient,
        &detail::container_functions<T>::drop_prepared,
        &detail::container_functions<T>::take_adjoint,
        &detail::container_functions<T>::return_adjoint,
        &detail::container_functions<T>::add_adjoint,
        &detail::container_functions<T>::run_hooks_on,
        &detail::container_functions<T>::prepare_traced,
        &detail::container_functions<T>::describe};

    template <class T>
    inline constexpr node_type leaf_type{&container_of<T>};

    /// What expressions hold, a node of this thread. Counted apart, and without asking whether it was the last: so the
    /// compiler sees that the many copies made while an expression is written down cancel out.
    template <class T>
    class operand_handle
    {
    public:
        explicit operand_handle(node<T>& n) : m_node(&n) { ++n.uses; }
        operand_handle(const operand_handle& other) : m_node(other.m_node) { ++m_node->uses; }
        operand_handle(operand_handle&& other) noexcept : m_node(std::exchange(other.m_node, nullptr)) {}
        operand_handle& operator=(const operand_handle& other)
        {
            ++other.m_node->uses;
            --m_node->uses;
            m_node = other.m_node;
            return *this;
        }
        ~operand_handle()
        {
            if (m_node != nullptr)
            {
                --m_node->uses;
            }
        }

        node<T>& operator*() const { return *m_node; }
        node<T>* operator->() const { return m_node; }
        node<T>* get() const { return m_node; }

    private:
        node<T>* m_node;
    };

    /// What a Variable holds: may be null, and may refer to a node of another thread.
    template <class T>
    class handle
    {
    public:
        handle() = default;
        /// Takes over one count.
        explicit handle(node<T>* n) : m_node(n) {}
        handle(const handle& other) : m_node(other.m_node)
        {
            if (m_node != nullptr)
            {
                if (tape::owns(*m_node)) [[likely]]
                {
                    retain(*m_node);
                    m_node->set(flag::copied);
                }
                else
                {
                    tape::remote(*m_node, 1);
                }
            }
        }
        handle(handle&& other) noexcept : m_node(std::exchange(other.m_node, nullptr)) {}
        handle& operator=(handle other) noexcept
        {
            std::swap(m_node, other.m_node);
            return *this;
        }
        ~handle()
        {
            if (m_node != nullptr)
            {
                if (tape::owns(*m_node)) [[likely]]
                {
                    release(*m_node);
                }
                else
                {
                    tape::remote(*m_node, -1);
                }
            }
        }

        /// A second reference that no user sees.
        handle share() const
        {
            retain(*m_node);
            return handle(m_node);
        }

        node<T>* get() const { return m_node; }
        node<T>& operator*() const { return *m_node; }
        node<T>* operator->() const { return m_node; }
        explicit operator bool() const { return m_node != nullptr; }

    private:
        node<T>* m_node = nullptr;
    };

    /// A node that no statement made.
    template <class T, class... A>
    handle<T> make_leaf(A&&... value)
    {
        tape& t = tape::here();
        void* memory = t.allocate_outside(sizeof(node<T>), alignof(node<T>));
        try
        {
            return handle<T>(::new (memory) node<T>(leaf_type<T>, 0, t.number(), std::forward<A>(value)...));
        }
        catch (...)
        {
            tape::free_outside(memory);
            throw;
        }
    }

    /// The entry of a statement on numbers, of some bytes in all.
    template <class T>
    [[gnu::always_inline]] inline node<T>& append_number(const node_type& type, std::size_t bytes, T value)
    {
        std::uint16_t distance;
        tape& t = tape::here();
        void* memory = t.allocate(bytes, 8, distance);
        auto* n = ::new (memory) node<T>(type, flag::recorded | flag::differentiable, t.number(), value);
        n->distance = distance;
        return *n;
    }

    /// An entry on this thread's tape, of some bytes in all.
    template <class T, class... A>
    node<T>* append_node(const node_type& type, std::size_t bytes, std::size_t alignment, A&&... value)
    {
        std::uint16_t distance;
        tape& t = tape::here();
        void* memory = t.allocate(bytes, alignment, distance);
        const auto make = [&]
        {
            auto* n = ::new (memory)
                node<T>(type, flag::recorded | flag::differentiable, t.number(), std::forward<A>(value)...);
            n->distance = distance;
            return n;
        };
        if constexpr (std::is_nothrow_constructible_v<T, A...>)
        {
            return make();
        }
        else
        {
            try
            {
                return make();
            }
            catch (...)
            {
                t.take_back(memory, distance);
                throw;
            }
        }
    }

    /// A leaf that shows the elements of n.
    template <class T>
    handle<T> make_detached(node<T>& n)
    {
        if constexpr (array::scalar_value<T>)
        {
            if (tape::owns(n) && !n.is_leaf() && !n.has(flag::shares))
            {
                // The number moves into the leaf: one that is kept shall not keep a page of entries.
                handle<T> out = make_leaf<T>(n.value);
                side_base& shown = side_of(*out);
                side_base& mine = side_of(n);
                shown.version = mine.version;
                n.has(flag::changed) ? out->set(flag::changed) : void();
                shown.element_users = 1;
                mine.elements = out.get();
                n.set(flag::shares);
                return out;
            }
        }
        handle<T> out = make_leaf<T>(T());
        side_base& s = side_of(*out);
        if (tape::owns(n))
        {
            node<T>& shown = static_cast<node<T>&>(elements_of(n));
            ++side_of(shown).element_users;
            s.elements = &shown;
        }
        else
        {
            tape::remote(n, 1);
            s.elements = &n;
            s.is_foreign = true;
        }
        out->set(flag::shares);
        return out;
    }

    /// What stands for a node of another thread in this one.
    template <class T>
    [[gnu::noinline]] node<T>& stand_in(node<T>& n)
    {
        if (!n.is_leaf())
        {
            throw error(
                "this Variable was computed by another thread, which still runs: its graph is used there alone; "
                "take its value with detach() or data(), or compute it here");
        }
        node_base*& at = tape::here().foreign()[&n];
        if (at == nullptr)
        {
            handle<T> made = make_detached(n);
            at = made.get();
            retain(*at);
        }
        n.has(flag::differentiable) ? at->set(flag::differentiable) : at->clear(flag::differentiable);
        return static_cast<node<T>&>(*at);
    }

    /// What stands for n in this thread: n itself where it is its own.
    template <class T>
    node<T>& local(node<T>& n)
    {
        if (!tape::owns(n)) [[unlikely]]
        {
            return stand_in(n);
        }
        return n;
    }
}
