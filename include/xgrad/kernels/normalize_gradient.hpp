// Normalisation of rows, backward.
//
//     g = dy factor,  n = (x - mean) scale        dx = scale (g - mean(g) - n mean(g n)),  dfactor = sum dy n,  dsummand = sum dy
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/memory.hpp>
#include <xgrad/core/parallel.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/core/simd.hpp>
#include <xgrad/kernels/normalize.hpp>
#include <xgrad/kernels/reduce.hpp>

#include <algorithm>
#include <cstddef>

namespace xgrad::inline XGRAD_ABI::kernels {

/// What the gradient is computed from, and where it goes: any of the three may be null.
template <class T>
struct norm_gradient {
    const T* x;
    const T* dy;
    const T* factor;
    norm_statistics<T> statistics;
    bool centred, fixed;
    T* dx;
    T* dfactor;
    T* dsummand;
};

namespace detail {

/// dy v, 0 where dy is.
template <class V>
XGRAD_ALWAYS_INLINE V weighed_by(const V& dy, const V& v) {
    return simd::select(dy == V(0), V(0), V(dy * v));
}

/// One row at a time.
template <class T>
class norm_gradient_row {
    using batch = simd::batch<T>;
    using two = pair_of_sums<batch>;

public:
    norm_gradient_row(const norm_layout& at, const norm_gradient<T>& with, std::size_t row)
        : m_at{at}, m_with{with}, m_row{row}, m_mean(with.statistics.mean(row)), m_rest(with.statistics.rest(row)),
          m_scale(with.statistics.scale(row)) {}

    /// The sums of dy and of dy n over segment s.
    pair_of_sums<T> of_segment(std::size_t segment) const {
        const auto first = m_at.place(m_row, segment);
        return added(sum_segment<T>(m_at.length, two{batch(T{0}), batch(T{0})}, [this, first](std::size_t j, auto count) {
            return this->term(first + j, count);
        }));
    }
    /// The same over the row.
    pair_of_sums<T> of_row() const {
        return added(sum_row<T>(m_at, m_row, two{batch(T{0}), batch(T{0})}, [this](std::size_t i, auto count) { return this->term(i, count); }));
    }
    /// The sums of g and of g n, where each element has a factor of its own.
    pair_of_sums<T> of_weighed_row() const {
        const auto first = m_at.place(m_row, 0);
        const auto factors = parameter_reader<true, T>{m_with.factor, m_at.parameter(m_row, 0), T{1}};
        return added(sum_segment<T>(m_at.length, two{batch(T{0}), batch(T{0})}, [this, first, factors](std::size_t j, auto count) {
            const auto g = weighed_by(this->upstream(first + j, count), factors(j, count));
            return two{g, weighed_by(g, this->normal(first + j, count))};
        }));
    }

    /// dx by the sums of g and of g n over the row; and, with `Sums`, what each element adds to those of its own parameters.
    template <bool ByElement, bool Sums>
    void write(const pair_of_sums<T>& sums, T* dfactor, T* dsummand) const {
        const auto n = static_cast<T>(m_at.count());
        const auto through_mean = batch(m_with.centred && !m_with.fixed ? sums.first / n : T{0});
        const auto through_scale = batch(m_with.fixed ? T{0} : sums.second / n);
        for (auto segment = std::size_t{0}; segment < m_at.segments; ++segment) {
            const auto first = m_at.place(m_row, segment), parameter = m_at.parameter(m_row, segment);
            const auto factors = parameter_reader<ByElement, T>{m_with.factor, parameter, T{1}};
            for_each_vector<T>(m_at.length, [&](std::size_t j, auto count) {
                const auto dy = upstream(first + j, count), own = normal(first + j, count);
                if constexpr (Sums) {
                    const auto add = [&](T* to, const batch& value) { store_part(to, batch(load_or(to, count, T{0}) + value), count); };
                    add(dfactor + parameter + j, weighed_by(dy, own));
                    add(dsummand + parameter + j, dy);
                }
                if (m_with.dx == nullptr) return;
                const auto g = weighed_by(dy, factors(j, count));
                const auto change = batch((g - through_mean) - weighed_by(through_scale, own));
                store_part(m_with.dx + first + j, weighed_by(change, m_scale), count);
            });
        }
    }

private:
    static pair_of_sums<T> added(const two& sums) { return {simd::fold(sums.first, sum_of{}), simd::fold(sums.second, sum_of{})}; }
    template <class Count>
    batch upstream(std::size_t i, Count count) const { return load_or(m_with.dy + i, count, T{0}); }
    template <class Count>
    batch normal(std::size_t i, Count count) const { return ((load_or(m_with.x + i, count, T{0}) - m_mean) - m_rest) * m_scale; }
    template <class Count>
    two term(std::size_t i, Count count) const {
        const auto dy = upstream(i, count);
        return {dy, weighed_by(dy, normal(i, count))};
    }

    const norm_layout& m_at;
    const norm_gradient<T>& m_with;
    std::size_t m_row;
    batch m_mean, m_rest, m_scale;
};

/// y = the sum over the first of two axes.
template <class T>
void add_rows(const T* x, std::size_t rows, std::size_t columns, T* y) {
    if (y == nullptr) return;
    auto axes = axis_set{};
    axes.insert(0);
    reduce(sum_of{}, x, {rows, columns}, axes, y);
}

/// Every element has parameters of its own: blocks of rows, whose sums are added up in order.
template <class T>
void gradient_by_element(const norm_layout& at, const norm_gradient<T>& with) {
    const auto turns = at.rows / at.groups, parameters = at.parameters();
    const auto block = std::min(step_block, std::max<std::size_t>(1, (turns + 15) / 16));
    const auto blocks = (turns + block - 1) / block;
    const auto any = with.dfactor != nullptr || with.dsummand != nullptr;
    const auto factors = memory::scratch<T>{any ? blocks * parameters : 0}, summands = memory::scratch<T>{any ? blocks * parameters : 0};
    parallel_for(blocks, at.grain() / (block * at.groups) + 1, [&](std::size_t begin, std::size_t end) {
        for (auto number = begin; number < end; ++number) {
            auto* const dfactor = factors.data() + number * parameters;
            auto* const dsummand = summands.data() + number * parameters;
            if (any) std::fill_n(dfactor, parameters, T{0}), std::fill_n(dsummand, parameters, T{0});
            for (auto row = number * block * at.groups; row < std::min((number + 1) * block, turns) * at.groups; ++row) {
                const auto gradient = norm_gradient_row<T>{at, with, row};
                const auto sums = with.dx == nullptr ? pair_of_sums<T>{T{0}, T{0}} : gradient.of_weighed_row();
                if (any) gradient.template write<true, true>(sums, dfactor, dsummand);
                else gradient.template write<true, false>(sums, nullptr, nullptr);
            }
        }
    });
    add_rows(factors.data(), blocks, parameters, with.dfactor);
    add_rows(summands.data(), blocks, parameters, with.dsummand);
}

/// Segments, or whole rows, share their parameters.
template <class T>
void gradient_by_segment(const norm_layout& at, const norm_gradient<T>& with) {
    const auto own = at.row_parameters;
    const auto factors = memory::scratch<T>{at.rows * own}, summands = memory::scratch<T>{at.rows * own};
    parallel_for(at.rows, at.grain(), [&](std::size_t begin, std::size_t end) {
        for (auto row = begin; row < end; ++row) {
            const auto gradient = norm_gradient_row<T>{at, with, row};
            const auto of = [&](std::size_t segment, const pair_of_sums<T>& sums) {
                summands.data()[row * own + segment] = sums.first;
                factors.data()[row * own + segment] = sums.second;
                const auto factor = with.factor == nullptr ? T{1} : with.factor[at.parameter(row, segment)];
                return pair_of_sums<T>{weighed_by(sums.first, factor), weighed_by(sums.second, factor)};
            };
            const auto nothing = pair_of_sums<T>{T{0}, T{0}};
            const auto sums = own == 1 ? of(0, gradient.of_row()) : fold_terms<1, 1>(sum_of{}, nothing, 0, own, [&](std::size_t segment) {
                return of(segment, gradient.of_segment(segment));
            });
            if (with.dx != nullptr) gradient.template write<false, false>(sums, nullptr, nullptr);
        }
    });
    add_rows(factors.data(), at.rows / at.groups, at.parameters(), with.dfactor);
    add_rows(summands.data(), at.rows / at.groups, at.parameters(), with.dsummand);
}

}  // namespace detail

/// The gradients, of rows one by one.
template <class T>
void normalize_rows_gradient(const norm_layout& at, const norm_gradient<T>& with) {
    if (at.by_element) detail::gradient_by_element(at, with);
    else detail::gradient_by_segment(at, with);
}

}  // namespace xgrad::kernels
