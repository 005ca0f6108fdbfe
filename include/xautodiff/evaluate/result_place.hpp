// SPDX-License-Identifier: BSD-3-Clause
// A container that receives an output, without its type: so that what runs graphs is compiled once for all of them.
#pragma once

#include <xautodiff/array/loop.hpp>
#include <xautodiff/array/traits.hpp>

#include <concepts>

namespace xautodiff::evaluate
{
    template <class T>
    class result_place
    {
    public:
        /// Of no container: an output that is not wanted.
        result_place() = default;

        template <class C>
        explicit result_place(C* container) : m_container(container), m_functions(&functions_of<C>)
        {
        }

        bool is_wanted() const { return m_container != nullptr; }

        /// Whether its elements lie where they were seen. Those of another number type are never written where they lie.
        bool lies_at(const array::array_ref<const T>& seen) const { return m_functions->lies_at(m_container, seen); }

        /// Whether its elements are of type T.
        bool has_same_numbers() const { return m_functions->has_same_numbers; }

        /// Gives it a shape. Returns its elements, if they are of type T.
        array::array_ref<T> resized(const array::shape& s) const { return m_functions->resized(m_container, s); }

        /// Copies a value of its shape into it.
        void store(const array::array_ref<const T>& value) const { m_functions->store(m_container, value); }

    private:
        struct functions
        {
            bool has_same_numbers;
            bool (*lies_at)(const void*, const array::array_ref<const T>&);
            array::array_ref<T> (*resized)(void*, const array::shape&);
            void (*store)(void*, const array::array_ref<const T>&);
        };

        template <class C>
        static constexpr bool same_numbers = std::same_as<typename array::traits<C>::value_type, T>;

        template <class C>
        static bool container_lies_at(const void* c, const array::array_ref<const T>& seen)
        {
            if constexpr (same_numbers<C>)
            {
                return array::lies_at(*static_cast<const C*>(c), seen);
            }
            return false;
        }

        template <class C>
        static array::array_ref<T> resized_container(void* c, const array::shape& s)
        {
            using traits = array::traits<C>;
            traits::resize(*static_cast<C*>(c), s);
            if constexpr (same_numbers<C>)
            {
                return traits::ref(*static_cast<C*>(c));
            }
            return {};
        }

        template <class C>
        static void store_in_container(void* c, const array::array_ref<const T>& value)
        {
            array::copy(array::traits<C>::ref(*static_cast<C*>(c)), value);
        }

        template <class C>
        static constexpr functions functions_of{same_numbers<C>, &container_lies_at<C>, &resized_container<C>,
                                                &store_in_container<C>};

        void* m_container = nullptr;
        const functions* m_functions = nullptr;
    };
}
