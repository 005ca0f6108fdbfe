// SPDX-License-Identifier: BSD-3-Clause
// Containers seen as flat lists of elements, row major: what Jacobians and finite differences are made of.
#pragma once

#include <xautodiff/functional/call.hpp>

#include <string>
#include <vector>

namespace xautodiff::functional
{
    /// Whether two shapes are one, as far as they are known.
    constexpr bool shapes_agree(const array::shape& a, const array::shape& b)
    {
        bool agree = a.rank == array::unknown || b.rank == array::unknown || a.rank == b.rank;
        for (int d = 0; agree && d < a.rank && d < b.rank; ++d)
        {
            agree = a[d] == array::unknown || b[d] == array::unknown || a[d] == b[d];
        }
        return agree;
    }

    /// The shape of a Jacobian.
    constexpr array::shape joined(const array::shape& outputs, const array::shape& inputs)
    {
        if (outputs.rank == array::unknown || inputs.rank == array::unknown)
        {
            return array::shape::of_rank(array::unknown);
        }
        array::shape out = outputs;
        for (int d = 0; d < inputs.rank; ++d)
        {
            out.push_back(inputs[d]);
        }
        return out;
    }

    [[noreturn, gnu::cold]] inline void throw_other_shape(const char* what, const array::shape& given,
                                                          const array::shape& wanted)
    {
        throw shape_error(message("%s must have the shape %s, not %s", what, array::to_string(wanted).c_str(),
                                  array::to_string(given).c_str()));
    }

    constexpr void require_shape(const char* what, const array::shape& given, const array::shape& wanted)
    {
        if (given != wanted)
        {
            throw_other_shape(what, given, wanted);
        }
    }

    template <class C>
    constexpr array::shape shape_of(const C& c)
    {
        if constexpr (array::traits<C>::static_shape.is_known())
        {
            return array::traits<C>::static_shape;
        }
        else
        {
            return array::traits<C>::ref(c).shape;
        }
    }

    /// As many elements as the shape S has: without allocation where it is known.
    template <class T, array::shape S>
    struct elements_of
    {
        using type = std::vector<T>;
        static constexpr type make(const array::shape& s) { return type(std::size_t(s.size()) + 1); }
    };

    template <class T, array::shape S>
        requires(S.is_known())
    struct elements_of<T, S>
    {
        using type = std::array<T, std::size_t(S.size()) + 1>;
        static constexpr type make(const array::shape&) { return {}; }
    };

    /// One element more than the shape has, so that there is always a first.
    template <class T, array::shape S>
    using elements = typename elements_of<T, S>::type;

    template <class T, array::shape S>
    constexpr elements<T, S> make_elements(const array::shape& s)
    {
        return elements_of<T, S>::make(s);
    }

    template <class C, class T>
    constexpr void read_elements(const C& c, T* to)
    {
        using traits = array::traits<C>;
        if constexpr (std::same_as<typename traits::value_type, T> && requires { traits::load(c, to); })
        {
            traits::load(c, to);
        }
        else if constexpr (requires(typename traits::value_type* other) { traits::load(c, other); })
        {
            auto other = make_elements<typename traits::value_type, traits::static_shape>({});
            traits::load(c, &other[0]);
            std::copy_n(&other[0], traits::static_shape.size(), to);
        }
        else
        {
            const auto from = traits::ref(c);
            array::copy(array::array_ref<T>(to, from.shape), from);
        }
    }

    /// Gives c the shape s and the elements.
    template <class C, class T>
    constexpr void write_elements(C& c, const array::shape& s, const T* from)
    {
        using traits = array::traits<C>;
        static_assert(std::same_as<typename traits::value_type, T>);
        traits::resize(c, s);
        if constexpr (requires { traits::store(c, from); })
        {
            traits::store(c, from);
        }
        else
        {
            array::copy(traits::ref(c), array::array_ref<const T>(from, s));
        }
    }

    /// An array of zeros but for a 1 that moves.
    template <class T, array::shape S, array::family Family>
    class one_hot
    {
    public:
        using container = array::container_t<S.rank == 0 ? array::family::scalar : Family, T, S>;

        constexpr explicit one_hot(const array::shape& s) : m_shape(s), m_elements(make_elements<T, S>(s)) {}

        /// Sets the 1 at element i, and only there.
        constexpr void select(array::index i)
        {
            m_elements[std::size_t(m_selected)] = T(0);
            m_elements[std::size_t(i)] = T(1);
            m_selected = i;
            write_elements(m_container, m_shape, &m_elements[0]);
        }

        constexpr const container& get() const { return m_container; }

    private:
        array::shape m_shape;
        elements<T, S> m_elements;
        array::index m_selected = 0;
        container m_container{};
    };
}
