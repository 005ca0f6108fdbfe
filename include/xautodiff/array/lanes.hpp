// SPDX-License-Identifier: BSD-3-Clause
// Several neighbouring elements in one register: what the inner loops compute with. Arithmetic is that of the compiler's own
// vector types, which need no header; elementary functions come from vector_math.hpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace xautodiff::array
{
    /// The width of the machine's vector registers, in bytes.
#if defined(__AVX512F__)
    inline constexpr std::size_t register_bytes = 64;
#elif defined(__AVX__)
    inline constexpr std::size_t register_bytes = 32;
#else
    inline constexpr std::size_t register_bytes = 16;
#endif

    /// How many elements of type T are computed at once: 1 where there are no registers for them.
    template <class T>
    inline constexpr int lane_count =
        std::is_same_v<T, float> || std::is_same_v<T, double> ? int(register_bytes / sizeof(T)) : 1;

    template <class T>
    struct lanes;

    namespace detail
    {
        // Template arguments drop the attribute from a type, so it has to be inside a struct.
        template <class T, std::size_t Bytes = register_bytes>
        struct vector_type
        {
            typedef T type __attribute__((vector_size(Bytes)));
        };

        /// Square roots, sixteen bytes at a time: the unit that takes them is no wider.
        template <class T, std::size_t Bytes = register_bytes>
        typename vector_type<T, Bytes>::type root(typename vector_type<T, Bytes>::type x)
        {
            constexpr std::size_t half = Bytes / sizeof(T) / 2;
            if constexpr (Bytes > 16)
            {
                return [&]<std::size_t... I>(std::index_sequence<I...>)
                {
                    const auto low = root<T, Bytes / 2>(__builtin_shufflevector(x, x, I...));
                    const auto high = root<T, Bytes / 2>(__builtin_shufflevector(x, x, (half + I)...));
                    return [&]<std::size_t... J>(std::index_sequence<J...>)
                    { return __builtin_shufflevector(low, high, J...); }(std::make_index_sequence<2 * half>{});
                }(std::make_index_sequence<half>{});
            }
            else
            {
#if defined(__SSE2__)
                if constexpr (sizeof(T) == 8)
                {
                    return _mm_sqrt_pd(x);
                }
                else
                {
                    return _mm_sqrt_ps(x);
                }
#else
                for (std::size_t i = 0; i < 2 * half; ++i)
                {
                    x[i] = __builtin_sqrt(x[i]);
                }
                return x;
#endif
            }
        }

        /// 0, 1, 2, ...
        template <class T>
        inline constexpr typename vector_type<T>::type numbers = []<std::size_t... I>(std::index_sequence<I...>)
        { return typename vector_type<T>::type{T(I)...}; }(std::make_index_sequence<register_bytes / sizeof(T)>{});

        /// Copies n elements, fewer than 2 * Most, without a loop.
        template <int Most, class T>
        void copy_some(T* to, const T* from, std::ptrdiff_t n)
        {
            if constexpr (Most > 0)
            {
                const std::ptrdiff_t some = n & Most;
                if (some != 0)
                {
                    __builtin_memcpy(to, from, Most * sizeof(T));
                }
                copy_some<Most / 2>(to + some, from + some, n);
            }
        }

        /// All elements in one: f of two halves, and so on. In registers, as a way through memory is longer. f takes vectors and
        /// numbers.
        template <class T, std::size_t Bytes = register_bytes, class F>
        T halved(typename vector_type<T, Bytes>::type x, const F& f)
        {
            constexpr std::size_t half = Bytes / sizeof(T) / 2;
            if constexpr (Bytes > 16)
            {
                return [&]<std::size_t... I>(std::index_sequence<I...>)
                {
                    return halved<T, Bytes / 2>(
                        f(__builtin_shufflevector(x, x, I...), __builtin_shufflevector(x, x, (half + I)...)), f);
                }(std::make_index_sequence<half>{});
            }
            else if constexpr (half == 2)
            {
                return f(f(x[0], x[2]), f(x[1], x[3]));
            }
            else
            {
                return f(x[0], x[1]);
            }
        }
    }

    /// One truth value a lane.
    template <class T>
    struct lanes_mask
    {
        using element = std::conditional_t<sizeof(T) == 4, std::int32_t, std::int64_t>;
        using native = typename detail::vector_type<element>::type;

        native value;

        bool operator[](int i) const { return value[i] != 0; }

        friend lanes_mask operator|(const lanes_mask& a, const lanes_mask& b) { return {a.value | b.value}; }
        friend lanes_mask operator&(const lanes_mask& a, const lanes_mask& b) { return {a.value & b.value}; }
        friend lanes_mask operator!(const lanes_mask& a) { return {~a.value}; }
    };

    template <class T>
    struct lanes
    {
        static constexpr int count = lane_count<T>;
        using native = typename detail::vector_type<T>::type;
        using mask = lanes_mask<T>;

        native value;

        lanes() = default;
        lanes(native v) : value(v) {}
        /// The same number in every lane. Not added to zeros, which would lose the sign of -0.0.
        lanes(T number) : value(number - native{}) {}

        static lanes load(const T* from)
        {
            lanes out;
            __builtin_memcpy(&out.value, from, sizeof(native));
            return out;
        }
        void store(T* to) const { __builtin_memcpy(to, &value, sizeof(native)); }

        /// The first n elements, not all and at least one; in the other lanes there is the first one again.
        static lanes load_first(const T* from, std::ptrdiff_t n)
        {
            // Each by itself: a register that is loaded from where smaller stores have just gone waits for all of them.
            return [&]<std::size_t... I>(std::index_sequence<I...>) {
                return lanes(native{from[std::ptrdiff_t(I) < n ? std::ptrdiff_t(I) : 0]...});
            }(std::make_index_sequence<std::size_t(count)>{});
        }
        /// Stores the first n elements, not all.
        void store_first(T* to, std::ptrdiff_t n) const
        {
            T lane[count];
            store(lane);
            detail::copy_some<count / 2>(to, lane, n);
        }
        /// Zero in all lanes but the first n.
        lanes first(std::ptrdiff_t n) const
        {
            using element = typename mask::element;
            return {detail::numbers<element> < element(n) ? value : native{}};
        }

        /// Zero in all lanes but the last n.
        lanes last(std::ptrdiff_t n) const
        {
            using element = typename mask::element;
            return {detail::numbers<element> >= element(count - n) ? value : native{}};
        }

        T operator[](int i) const { return value[i]; }
        lanes& operator+=(const lanes& b)
        {
            value += b.value;
            return *this;
        }

        // clang-format off
        friend lanes operator-(const lanes& a) { return {-a.value}; }
        friend lanes operator+(const lanes& a, const lanes& b) { return {a.value + b.value}; }
        friend lanes operator-(const lanes& a, const lanes& b) { return {a.value - b.value}; }
        friend lanes operator*(const lanes& a, const lanes& b) { return {a.value * b.value}; }
        friend lanes operator/(const lanes& a, const lanes& b) { return {a.value / b.value}; }
        friend mask operator<(const lanes& a, const lanes& b) { return {a.value < b.value}; }
        friend mask operator<=(const lanes& a, const lanes& b) { return {a.value <= b.value}; }
        friend mask operator>(const lanes& a, const lanes& b) { return {a.value > b.value}; }
        friend mask operator>=(const lanes& a, const lanes& b) { return {a.value >= b.value}; }
        friend mask operator==(const lanes& a, const lanes& b) { return {a.value == b.value}; }
        friend mask operator!=(const lanes& a, const lanes& b) { return {a.value != b.value}; }
        // clang-format on

        /// m ? a : b in every lane.
        friend lanes select(const mask& m, const lanes& a, const lanes& b) { return {m.value ? a.value : b.value}; }

        friend T sum(const lanes& a)
        {
            return detail::halved<T>(a.value, [](auto x, auto y) { return x + y; });
        }

        friend lanes sqrt(const lanes& a) { return {detail::root<T>(a.value)}; }
    };

    /// f of every lane, one after the other: for functions that have no vector form.
    template <class F, class T, class... R>
    lanes<T> by_lane(F&& f, const lanes<T>& a, const R&... r)
    {
        lanes<T> out;
        for (int i = 0; i < lanes<T>::count; ++i)
        {
            out.value[i] = T(f(a[i], r[i]...));
        }
        return out;
    }

    /// Puts off the elements of one register after the other by some places, at most by a register's worth. Only where elements
    /// change their lanes in one instruction, to places known at run time: clang has no word for it.
    template <class T>
    class delay_line;

#if !defined(__AVX2__) || defined(__clang__)
    inline constexpr bool has_delay_lines = false;
#else
    inline constexpr bool has_delay_lines = true;

    template <class T>
    class delay_line
    {
    public:
        explicit delay_line(std::ptrdiff_t places)
            : m_from((detail::numbers<word> + word((count - places) * words))
                     & word(words * count * (takes_two ? 2 : 1) - 1)),
              m_is_held(detail::numbers<element> < element(places))
        {
        }

        /// The elements that are in the place of `now`'s; puts off its last ones, which `held` keeps for the next time.
        lanes<T> operator()(lanes<T>& held, const lanes<T>& now) const
        {
            if constexpr (takes_two)
            {
                const lanes<T> out{typename lanes<T>::native(
                    __builtin_shuffle(vector<word>(held.value), vector<word>(now.value), m_from))};
                held = now;
                return out;
            }
            else
            {
                const lanes<T> turned{typename lanes<T>::native(__builtin_shuffle(vector<word>(now.value), m_from))};
                const lanes<T> out(m_is_held ? held.value : turned.value);
                held = turned;
                return out;
            }
        }

        /// The i-th of the elements that were put off by so many places.
        static T put_off(const lanes<T>& held, std::ptrdiff_t places, std::ptrdiff_t i)
        {
            return held[int(takes_two ? count - places + i : i)];
        }

    private:
        static constexpr int count = lane_count<T>;
        /// AVX-512 takes elements from two registers at once; where that is two instructions, one is turned.
        static constexpr bool takes_two = register_bytes == 64;
        using element = typename lanes_mask<T>::element;
        // What the machine's instruction moves: of whole elements where it can.
        using word = std::conditional_t<takes_two, element, std::int32_t>;
        static constexpr int words = int(sizeof(T) / sizeof(word));
        template <class U>
        using vector = typename detail::vector_type<U>::type;

        vector<word> m_from;        ///< for each word, the number of the one that takes its place
        vector<element> m_is_held;  ///< for each lane, whether its element is one that was put off
    };
#endif

    namespace detail
    {
        template <class T, bool Wide>
        struct lanes_or_number
        {
            using type = T;
        };
        template <class T>
        struct lanes_or_number<T, true>
        {
            using type = array::lanes<T>;
        };
    }

    /// What inner loops over T compute with: lanes, or T itself where there are none.
    template <class T>
    using widest_t = typename detail::lanes_or_number<T, (lane_count<T> > 1)>::type;
}
