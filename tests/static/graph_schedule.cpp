// SPDX-License-Identifier: BSD-3-Clause
// In how few loops formulas are run: what shares one, what is stored in between, what is a barrier.
#include <xautodiff/core.hpp>
#include <xautodiff/evaluate/blas_product.hpp>
#include <xautodiff/expression/xtensor_operand.hpp>
#include <xautodiff/graph/plan.hpp>

namespace ad = xautodiff;
namespace graph = xautodiff::graph;
namespace op = xautodiff::op;
using graph::output_kind;
using graph::task_kind;
using vector = xt::xtensor<double, 1>;
using matrix = xt::xtensor<double, 2>;

namespace
{
    template <class F, int I, class C>
    using input = ad::expression::input<F, I, C>;

    template <class F, class Sequence, class... C>
    struct requests;
    template <class F, std::size_t... I, class... C>
    struct requests<F, std::index_sequence<I...>, C...>
    {
        using node = decltype(ad::functional::node_of<F>(std::declval<const F&>()(input<F, int(I), C>()...)));
        using value = graph::value_of<node>;
        template <int... Wrt>
        using both =
            graph::value_and_gradient_of<node,
                                         input<F, Wrt, std::tuple_element_t<std::size_t(Wrt), std::tuple<C...>>>...>;
    };

    template <class F, class... C>
    using requests_of = requests<F, std::index_sequence_for<C...>, C...>;

    /// What is asserted of the graph of a request and its schedule.
    template <class Request>
    struct planned
    {
        static constexpr const auto& g = graph::program<Request, true>::graph;
        static constexpr const auto& s = graph::schedule_of<graph::program<Request, true>::graph>;

        /// Tasks at each run: those that read shapes alone, as the number of terms of a mean, are done when these change.
        static constexpr int count(task_kind kind)
        {
            int n = 0;
            for (const graph::task& t : s.tasks)
            {
                n += t.kind == kind && t.reads_values;
            }
            return n;
        }

        /// Loops, or with `numbers` the regions that have none.
        static constexpr int loops(bool numbers = false)
        {
            int n = 0;
            for (const graph::region& r : s.regions)
            {
                n += r.is_number == numbers;
            }
            return n;
        }

        /// The results of one kind of the loops.
        static constexpr int results(output_kind kind)
        {
            int n = 0;
            for (const graph::region& r : s.regions)
            {
                for (int o = 0; !r.is_number && o < r.outputs; ++o)
                {
                    n += s.outputs[std::size_t(r.first_output + o)].kind == kind;
                }
            }
            return n;
        }

        /// In how many regions an operation is computed: in loops, or where `numbers` is set outside of them.
        template <class Op>
        static constexpr int times(bool numbers = false)
        {
            int n = 0;
            for (const graph::region& r : s.regions)
            {
                for (int m = 0; r.is_number == numbers && m < r.members; ++m)
                {
                    const graph::step& step = g[s.members[std::size_t(r.first_member + m)]];
                    n += step.op != nullptr && graph::is<Op>(step.op);
                }
            }
            return n;
        }

        /// The rank of the loop in which an operation is computed; -1 where it is in none.
        template <class Op>
        static constexpr int rank()
        {
            for (const graph::region& r : s.regions)
            {
                for (int m = 0; !r.is_number && m < r.members; ++m)
                {
                    const graph::step& step = g[s.members[std::size_t(r.first_member + m)]];
                    if (step.op != nullptr && graph::is<Op>(step.op))
                    {
                        return g[s.outputs[std::size_t(r.first_output)].from].shape.rank;
                    }
                }
            }
            return -1;
        }

        /// How many steps of an operation the loops of a rank compute.
        template <class Op>
        static constexpr int steps_in(int rank)
        {
            int n = 0;
            for (const graph::region& r : s.regions)
            {
                const bool is_asked = !r.is_number && g[s.outputs[std::size_t(r.first_output)].from].shape.rank == rank;
                for (int m = 0; is_asked && m < r.members; ++m)
                {
                    const graph::step& step = g[s.members[std::size_t(r.first_member + m)]];
                    n += step.op != nullptr && graph::is<Op>(step.op);
                }
            }
            return n;
        }

        /// Every array that a task reads was written by an earlier one.
        static constexpr bool is_in_order()
        {
            graph::flags there(std::size_t(g.size()), false);
            for (int i = 0; i < g.size(); ++i)
            {
                there[std::size_t(i)] = g[i].kind != graph::step_kind::operation;
            }
            for (const graph::task& t : s.tasks)
            {
                if (t.kind != task_kind::region)
                {
                    for (int k = 0; k < g[t.index].arity(); ++k)
                    {
                        if (!g[t.index].reads_shape_only(k) && !there[std::size_t(g[t.index].operand[std::size_t(k)])])
                        {
                            return false;
                        }
                    }
                    there[std::size_t(t.index)] = true;
                    continue;
                }
                const graph::region& r = s.regions[std::size_t(t.index)];
                for (int i = 0; i < r.streams; ++i)
                {
                    if (!there[std::size_t(s.streams[std::size_t(r.first_stream + i)])])
                    {
                        return false;
                    }
                }
                for (int i = 0; i < r.numbers; ++i)
                {
                    if (!there[std::size_t(s.numbers[std::size_t(r.first_number + i)])])
                    {
                        return false;
                    }
                }
                for (int o = 0; o < r.outputs; ++o)
                {
                    there[std::size_t(s.outputs[std::size_t(r.first_output + o)].step)] = true;
                }
            }
            return true;
        }
    };

    constexpr auto least_squares = [](auto w, auto x, auto y)
    {
        auto r = x * w - y;
        return ad::mean(r * r + 0.1 * w * w);
    };
    constexpr auto logistic = [](auto w, auto x) { return ad::sum(ad::log1p(ad::exp(-x * w))) + 0.5 * ad::sum(w * w); };
    constexpr auto normal = [](auto mu, auto ls, auto x)
    {
        auto z = (x - mu) / ad::exp(ls);
        return ad::sum(z * z) / 2 + ad::sum(ls);
    };

    template <class F, class... C>
    using value_plan = planned<typename requests_of<F, C...>::value>;
    template <class F, class... C>
    using both_plan = planned<typename requests_of<F, C...>::template both<0>>;
}

// Value and gradient in one pass: one loop, one sum, one array stored. The value alone stores none.
using w2 = both_plan<decltype(least_squares), vector, vector, vector>;
static_assert(w2::loops() == 1 && w2::results(output_kind::total) == 1 && w2::results(output_kind::store) == 1);
static_assert(w2::results(output_kind::accumulate) == 0 && w2::count(task_kind::whole) == 0 && w2::is_in_order());
// By each element are multiplied: x w, 0.1 w, its square, e x, and once, by 2/n, what the ways of the gradient add up to.
constexpr auto decayed_squares = [](auto w, auto x, auto y) { return ad::mean(ad::square(x * w - y) + 0.1 * w * w); };
using decayed = both_plan<decltype(decayed_squares), vector, vector, vector>;
static_assert(decayed::steps_in<op::multiply>(1) == 5 && decayed::steps_in<op::add>(1) == 2);
// Factors that terms do not have in common stay with them.
constexpr auto scaled_terms = [](auto w, auto c, auto d) { return ad::sum(c * ad::exp(w) + d * w * w); };
using scaled = both_plan<decltype(scaled_terms), vector, double, double>;
static_assert(scaled::steps_in<op::multiply>(1) == 6);
using w2_value = value_plan<decltype(least_squares), vector, vector, vector>;
static_assert(w2_value::loops() == 1 && w2_value::results(output_kind::total) == 1);
static_assert(w2_value::results(output_kind::store) == 0 && w2_value::count(task_kind::whole) == 0);

// What is outside of all sums is a number's business, and outside of the loop.
using w3 = both_plan<decltype(logistic), vector, vector>;
static_assert(w3::loops() == 1 && w3::results(output_kind::store) == 1 && w3::results(output_kind::accumulate) == 0);
static_assert(w3::times<op::exp>() == 1 && w3::loops(true) == 1 && w3::times<op::add>(true) == 1);
static_assert(w3::count(task_kind::whole) == 0 && w3::is_in_order());
static_assert(value_plan<decltype(logistic), vector, vector>::loops() == 1);

// exp(ls), of rank 1, is computed in a loop of that rank, not for every element of x.
using rows = planned<typename requests_of<decltype(normal), vector, vector, matrix>::template both<0, 1>>;
static_assert(rows::times<op::exp>() == 1 && rows::rank<op::exp>() == 1 && rows::is_in_order());
static_assert(rows::results(output_kind::accumulate) == 2);
// For an element of x two multiplications, in z and in z * z: what rows have in common is multiplied with their sums.
static_assert(rows::steps_in<op::multiply>(2) == 2);
using rows_value = value_plan<decltype(normal), vector, vector, matrix>;
static_assert(rows_value::times<op::exp>() == 1 && rows_value::rank<op::exp>() == 1 && rows_value::is_in_order());

// That holds where a later loop of its own rank reads it again.
constexpr auto squared_sum = [](auto w, auto x)
{
    auto s = ad::sum(x * ad::exp(w));
    return s * s;
};
using again = both_plan<decltype(squared_sum), vector, matrix>;
static_assert(again::times<op::exp>() == 1 && again::rank<op::exp>() == 1 && again::is_in_order());

// A cheap result of lower rank is computed again by a loop of higher rank that would have to wait for it.
using fixed_vector = xt::xtensor_fixed<double, xt::xshape<3>>;
using fixed_matrix = xt::xtensor_fixed<double, xt::xshape<2, 3>>;
constexpr auto cheap_result = [](auto v, auto w, auto x)
{ return ad::sum(x * x) + ad::sum(v * (w * w)) + ad::sum(x * (w * w)); };
static_assert(both_plan<decltype(cheap_result), fixed_vector, fixed_vector, fixed_matrix>::is_in_order());

// Sums over axes are added up in the loop that computes their terms.
constexpr auto column_sums = [](auto w, auto x) { return ad::sum(ad::tanh(x * w), 0); };
using columns = value_plan<decltype(column_sums), vector, matrix>;
static_assert(columns::loops() == 1 && columns::results(output_kind::accumulate) == 1);
static_assert(columns::results(output_kind::store) == 0 && columns::count(task_kind::whole) == 0);

// A product of matrices is a barrier: what is before and after it takes a loop each.
constexpr auto layer = [](auto w, auto x) { return ad::sum(ad::tanh(ad::matmul(ad::exp(w), x))); };
using product = value_plan<decltype(layer), matrix, matrix>;
static_assert(product::count(task_kind::whole) == 1 && product::loops() == 2 && product::is_in_order());
static_assert(both_plan<decltype(layer), matrix, matrix>::is_in_order());

// Views of leaves are read where they lie.
constexpr auto rosenbrock = [](auto x)
{
    auto head = ad::view(x, ad::range(0, -1));
    auto tail = ad::view(x, ad::range(1, ad::end));
    return ad::sum(100 * ad::square(tail - head * head) + ad::square(1 - head));
};
using views = value_plan<decltype(rosenbrock), vector>;
static_assert(views::count(task_kind::alias) == 2 && views::count(task_kind::whole) == 0 && views::loops() == 1);
static_assert(both_plan<decltype(rosenbrock), vector>::is_in_order());

// The derivative of what does not depend on the argument is zeros, for which nothing is computed: the loop is the value's.
constexpr auto constant = [](auto, auto x) { return ad::sum(ad::sin(x)); };
using nothing = both_plan<decltype(constant), vector, vector>;
static_assert(nothing::times<op::cos>() == 0 && nothing::times<op::sin>() == 1);
static_assert(nothing::results(output_kind::total) == 1);

// What eval is asked of is stored, though it would be cheap to compute again, and what reads it is a loop of its own.
constexpr auto in_two_loops = [](auto x)
{
    auto y = ad::eval(x * 2 + 1);
    return y * y;
};
using stored = value_plan<decltype(in_two_loops), vector>;
static_assert(stored::loops() == 2 && stored::results(output_kind::store) == 2 && stored::is_in_order());
static_assert(stored::times<op::eval>() == 1 && stored::times<op::add>() == 1);

// Arrays of one rank that never meet take loops of their own: their shapes have nothing to do with each other.
constexpr auto two_layers = [](auto w, auto b, auto x)
{
    auto h = ad::tanh(ad::matmul(x, w));
    return ad::sum(ad::matmul(h, b)) + ad::sum(b * b);
};
using layers = planned<typename requests_of<decltype(two_layers), matrix, matrix, matrix>::template both<0, 1>>;
static_assert(layers::times<op::tanh>() == 1 && layers::is_in_order() && layers::loops() == 5);

// Where arrays of one rank turn out to broadcast, a schedule takes over that expects nothing. It still has few loops.
using rows_of_matrices = planned<typename requests_of<decltype(normal), matrix, matrix, matrix>::template both<0, 1>>;
constexpr const auto& careful = graph::schedule_of<rows_of_matrices::g, graph::scheduling::careful>;
static_assert(!rows_of_matrices::s.expected.empty() && careful.expected.empty());
static_assert(careful.regions.size() <= rows_of_matrices::s.regions.size() + 3);
