// SPDX-License-Identifier: BSD-3-Clause
// The leaves of the nested type. Each carries an identity in its type (design, section 2): two leaves of equal type are
// the same node as far as the type can tell, and the payload is compared when the expression is evaluated.
//
// A leaf tells: `kind`, `static_shape`, `value_type`, `has_identity`, and, unless it is an input, its `payload()`: a number,
// an array_ref or parameters.
#pragma once

#include <xautodiff/array/parameters.hpp>
#include <xautodiff/expression/facade.hpp>

#include <boost/hana/integral_constant.hpp>
#include <boost/hana/negate.hpp>

#include <memory>

namespace xautodiff::expression
{
    enum class leaf_kind
    {
        input,     ///< an argument of a differentiated function: its value comes with the call
        variable,  ///< a Variable's data
        constant,  ///< a number or an array that does not ask for a gradient
        literal,   ///< a number known to the type
        parameter  ///< axes, slices, a target shape
    };

    /// The identity of a leaf that has none: it is never merged with another.
    struct untagged
    {
    };

    /// The n-th operand at one place.
    template <class Tag, int N>
    struct place
    {
    };

    template <class Tag>
    inline constexpr bool is_identity = !std::same_as<Tag, untagged>;
    template <class Tag, int N>
    inline constexpr bool is_identity<place<Tag, N>> = is_identity<Tag>;

    struct leaf_base
    {
        /// Whether ending it is work, as it counts who shares what it refers to. Said by the leaves, and by the nodes above
        /// them: to ask std::is_trivially_destructible of every node took a third of the time that a formula compiles.
        static constexpr bool is_counted = false;
    };

    template <class N>
    concept leaf = std::is_base_of_v<leaf_base, std::remove_cvref_t<N>>;

    /// Argument number `Position` of the differentiated callable F. Knows where an array lies, so that its shape can be asked.
    template <class F, int Position, class C>
    struct input : expression_facade<input<F, Position, C>>, leaf_base
    {
        static_assert(array::container<C>,
                      "xautodiff: the arguments of a differentiated function are numbers, std::array of numbers, or "
                      "containers of xtensor's (with <xautodiff/xautodiff.hpp>, which core.hpp leaves out)");

        static constexpr leaf_kind kind = leaf_kind::input;
        static constexpr bool has_identity = true;
        static constexpr int position = Position;
        static constexpr array::shape static_shape = array::traits<C>::static_shape;
        static constexpr array::family family = array::traits<C>::container_family;
        using value_type = typename array::traits<C>::value_type;

        const C* where = nullptr;

        constexpr input() = default;
        constexpr explicit input(const C& value) : where(&value) {}
        using expression_facade<input>::operator=;
        constexpr const input& node() const { return *this; }
    };

    template <class F, int Position, array::scalar_value C>
    struct input<F, Position, C> : expression_facade<input<F, Position, C>>, leaf_base
    {
        static constexpr leaf_kind kind = leaf_kind::input;
        static constexpr bool has_identity = true;
        static constexpr int position = Position;
        static constexpr array::shape static_shape{};
        static constexpr array::family family = array::family::scalar;
        using value_type = C;

        constexpr input() = default;
        constexpr explicit input(const C&) {}
        using expression_facade<input>::operator=;
        constexpr const input& node() const { return *this; }
    };

    /// A number written beside an expression: `x + 2.5`. Tag is unique to the place where it stands.
    template <class T, class Tag>
    struct constant : expression_facade<constant<T, Tag>>, leaf_base
    {
        static constexpr leaf_kind kind = leaf_kind::constant;
        static constexpr bool has_identity = is_identity<Tag>;
        static constexpr array::shape static_shape{};
        static constexpr array::family family = array::family::scalar;
        using value_type = T;

        T value;

        constexpr explicit constant(T v) : value(v) {}
        /// Not trivial: the compiler then copies the numbers of a formula one by one, and so keeps them in registers. What
        /// is trivial it copies as one block, from a size on that depends on the processor (72 bytes for Zen).
        [[gnu::always_inline]] constexpr constant(const constant& other) : value(other.value) {}
        constexpr constant& operator=(const constant&) = default;
        constexpr const constant& node() const { return *this; }
        constexpr T payload() const { return value; }
    };

    /// A number known to the type: `x * 2_c`.
    template <long long Value>
    struct literal : expression_facade<literal<Value>>, leaf_base
    {
        static constexpr leaf_kind kind = leaf_kind::literal;
        static constexpr bool has_identity = true;
        static constexpr array::shape static_shape{};
        static constexpr array::family family = array::family::scalar;
        static constexpr long long value = Value;
        using value_type = long long;

        constexpr const literal& node() const { return *this; }
    };

    /// A std::array written beside an expression: kept by value, so that constant evaluation can have it.
    template <class C, class Tag>
    struct array_constant : expression_facade<array_constant<C, Tag>>, leaf_base
    {
        static constexpr leaf_kind kind = leaf_kind::constant;
        static constexpr bool has_identity = is_identity<Tag>;
        static constexpr array::shape static_shape = array::traits<C>::static_shape;
        static constexpr array::family family = array::traits<C>::container_family;
        using value_type = typename array::traits<C>::value_type;

        C value;

        constexpr explicit array_constant(const C& v) : value(v) {}
        constexpr const array_constant& node() const { return *this; }
        constexpr auto payload() const { return array::traits<C>::ref(value); }
    };

    /// An xtensor operand: copied once into a shared constant, so that nothing dangles and copies of the node are cheap.
    template <class C, class Tag>
    struct shared_constant : expression_facade<shared_constant<C, Tag>>, leaf_base
    {
        static constexpr bool is_counted = true;
        static constexpr leaf_kind kind = leaf_kind::constant;
        static constexpr bool has_identity = is_identity<Tag>;
        static constexpr array::shape static_shape = array::traits<C>::static_shape;
        static constexpr array::family family = array::traits<C>::container_family;
        using value_type = typename array::traits<C>::value_type;

        std::shared_ptr<const C> value;

        explicit shared_constant(std::shared_ptr<const C> v) : value(std::move(v)) {}
        const shared_constant& node() const { return *this; }
        auto payload() const { return array::traits<C>::ref(*value); }
    };

    /// `ad::cref(c)`: reads the container where it lies. The container must outlive the expression.
    template <class C, class Tag>
    struct referenced_constant : expression_facade<referenced_constant<C, Tag>>, leaf_base
    {
        static constexpr leaf_kind kind = leaf_kind::constant;
        static constexpr bool has_identity = is_identity<Tag>;
        static constexpr array::shape static_shape = array::traits<C>::static_shape;
        static constexpr array::family family = array::traits<C>::container_family;
        using value_type = typename array::traits<C>::value_type;

        const C* value;

        constexpr explicit referenced_constant(const C& c) : value(&c) {}
        constexpr const referenced_constant& node() const { return *this; }
        constexpr auto payload() const { return array::traits<C>::ref(*value); }
    };

    /// Run-time parameters of an operation. `Result` is what the types tell of that operation's result.
    template <class Tag, array::shape Result = array::shape::of_rank(array::unknown)>
    struct parameter : expression_facade<parameter<Tag, Result>>, leaf_base
    {
        static constexpr leaf_kind kind = leaf_kind::parameter;
        static constexpr bool has_identity = is_identity<Tag>;
        static constexpr array::shape result = Result;
        static constexpr array::shape static_shape{};
        static constexpr array::family family = array::family::scalar;
        using value_type = long long;

        array::parameters value;

        constexpr explicit parameter(const array::parameters& v) : value(v) {}
        constexpr const parameter& node() const { return *this; }
        constexpr const array::parameters& payload() const { return value; }
    };

    /// Parameters known to the type.
    template <array::parameters Value>
    struct fixed_parameter : expression_facade<fixed_parameter<Value>>, leaf_base
    {
        static constexpr leaf_kind kind = leaf_kind::parameter;
        static constexpr bool has_identity = true;
        static constexpr array::shape static_shape{};
        static constexpr array::family family = array::family::scalar;
        static constexpr array::parameters value = Value;
        using value_type = long long;

        constexpr const fixed_parameter& node() const { return *this; }
    };
}
