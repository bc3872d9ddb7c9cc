// Batch norms folded into the convolutions and products in front of them, and activations into these, in a program.
//
//     f(scale (w * x + b - mean) + shift) = f((scale w) * x + (scale (b - mean) + shift))    scale = weight / sqrt(variance + eps)
//
// What is added to a convolution's result, the way around a residual block, is added while that is in registers.
//
// Only where the convolution's result goes nowhere else, and the numbers of the batch norm are constants.
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/program.hpp>
#include <xgrad/core/cmath.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/finite.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/nn/fused_operation.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn::detail {

/// A weight as (outer, channels, inner); in transposed convolutions outer is in so many groups with channels of their
/// own.
struct channels_of_weight {
    std::size_t outer, channels, inner, groups = 1;
};

/// What is to be folded into what: a weight, its bias, and the running mean, variance, weight and bias of a batch norm,
/// of which the biases and the last two may be undefined.
struct fold_operands {
    std::array<any_tensor, 6> tensors;
    double eps;

    bool operator==(const fold_operands& other) const {
        return eps == other.eps && lists::equal(tensors, other.tensors, [](const any_tensor& a, const any_tensor& b) {
            return a.defined() ? b.defined() && &a.get() == &b.get() : !b.defined();
        });
    }
};

/// The weight and bias with the batch norm in them. Computed in double precision. Undefined where a factor is infinite
/// or NaN: what that makes of the sum is not what it makes of each term.
template <real T>
std::pair<any_tensor, any_tensor> folded(const fold_operands& from, const channels_of_weight& by) {
    const auto read = [&](std::size_t number) { return from.tensors[number].template as<T>(); };
    const auto weight = read(0), bias = read(1), mean = read(2), variance = read(3), factor = read(4), shift = read(5);
    const auto channels = mean.size();
    const auto value_of = [](const tensor<T>& x, std::size_t c, double otherwise) { return x.defined() ? static_cast<double>(x.data()[c]) : otherwise; };
    auto new_bias = xgrad::detail::make_result<T>({channels}), new_weight = xgrad::detail::make_result<T>(shape(weight.shape()));
    auto scale = std::vector<double>(channels);
    for (auto c = std::size_t{0}; c < channels; ++c) {
        scale[c] = value_of(factor, c, 1) / std::sqrt(value_of(variance, c, 1) + from.eps);
        if (!is_finite_number(scale[c])) return {};
        xgrad::detail::access::elements(new_bias)[c] = static_cast<T>(scale[c] * (value_of(bias, c, 0) - value_of(mean, c, 0)) + value_of(shift, c, 0));
    }
    const auto* source = weight.data();
    auto* to = xgrad::detail::access::elements(new_weight);
    for (auto i = std::size_t{0}; i < by.outer; ++i)
        for (auto c = i * by.groups / by.outer * by.channels, end = c + by.channels; c < end; ++c)
            for (auto j = std::size_t{0}; j < by.inner; ++j) *to++ = static_cast<T>(static_cast<double>(*source++) * scale[c]);
    return {any_tensor{new_weight}, any_tensor{new_bias}};
}

/// Calls f with the number of each value that the operations speak of, those that they are made of included.
void for_each_number(std::vector<program::operation>& operations, const auto& f) {
    for (auto& each : operations) {
        for (auto& input : each.inputs)
            if (input.value != program::none) f(input.value);
        for (auto& number : each.results) f(number);
        for_each_number(each.made_of, f);
    }
}

/// Numbers the values anew, without those that nothing uses any more.
XGRAD_ON_DEMAND void drop_unused(program& of) {
    auto numbers = std::vector<std::size_t>(of.values.size(), program::none);
    const auto keep = [&](std::size_t& number) { numbers[number] = 0; };
    const auto for_all = [&](const auto& f) {
        for (auto& each : of.arguments) f(each);
        for_each_number(of.operations, f);
        for (auto& each : of.results)
            if (each != program::none) f(each);
    };
    for_all(keep);
    auto values = std::vector<program::value>{};
    for (auto number = std::size_t{0}; number < numbers.size(); ++number) {
        if (numbers[number] == program::none) continue;
        numbers[number] = values.size();
        values.push_back(std::move(of.values[number]));
    }
    for_all([&](std::size_t& number) { number = numbers[number]; });
    of.values = std::move(values);
}

/// Folds programs of one network, for inputs of different shapes, which then have their weights in common.
template <real T>
class folder {
public:
    void operator()(program& of) {
        m_of = &of;
        std::erase_if(of.operations, [](const auto& each) { return is_nothing(each); });
        count_uses();
        m_maker.assign(of.values.size(), none);
        auto kept = std::vector<program::operation>{};
        for (auto& each : of.operations) {
            if (fold_batch_norm(each, kept) || fold_sum(each, kept) || fold_activation(each, kept)) continue;
            for (const auto number : each.results) m_maker[number] = kept.size();
            kept.push_back(std::move(each));
        }
        std::erase_if(kept, [](const auto& each) { return each.name.empty(); });
        of.operations = std::move(kept);
        drop_unused(of);
    }

private:
    static constexpr auto none = program::none;

    struct fold {
        fold_operands from;
        std::pair<any_tensor, any_tensor> result;
    };

    /// Whether all that comes out went in: dropout in evaluation.
    static bool is_nothing(const program::operation& each) {
        const auto went_in = [&](std::size_t number) { return lists::contains(each.inputs, number, &program::input::value); };
        return !holds_function(each.attributes) && !each.results.empty() && lists::all_of(each.results, went_in);
    }

    void count_uses() {
        m_uses.assign(m_of->values.size(), 0);
        m_times_made.assign(m_of->values.size(), 0);
        for (const auto& each : m_of->operations) {
            for (const auto& input : each.inputs)
                if (input.value != none) ++m_uses[input.value];
            for (const auto number : each.results) ++m_times_made[number];
        }
        for (const auto number : m_of->results)
            if (number != none) ++m_uses[number];
    }

    const program::value& value(std::size_t number) const { return m_of->values[number]; }
    bool is_constant(std::size_t number) const {
        return number != none && value(number).from == program::origin::constant && value(number).type == dtype_of<T>();
    }
    bool is_constant_or_none(std::size_t number) const { return number == none || is_constant(number); }
    any_tensor constant(std::size_t number) const { return number == none ? any_tensor{tensor<T>{}} : value(number).constant; }
    std::size_t add_constant(const any_tensor& x) {
        m_of->values.push_back({program::origin::constant, x.type(), x.shape(), x});
        m_uses.push_back(1);
        m_times_made.push_back(0);
        m_maker.push_back(none);
        return m_of->values.size() - 1;
    }

    /// The convolution or product with constant weights that made this value, for one use alone; null if there is none.
    program::operation* only_source(std::size_t number, std::vector<program::operation>& kept) {
        if (number == none || m_uses[number] != 1 || m_times_made[number] != 1 || m_maker[number] == none) return nullptr;
        auto& source = kept[m_maker[number]];
        const auto fits = takes_epilogue(source) && is_constant(source.inputs[1].value) &&
                          (source.name == "matmul" ? value(source.inputs[1].value).shape.rank() == 2 : is_constant_or_none(source.inputs[2].value));
        return fits ? &source : nullptr;
    }

    /// How the channels of the batch norm lie in the weight, if they are those of the weight at all.
    std::optional<channels_of_weight> channels_in(const program::operation& source) const {
        const auto& sizes = value(source.inputs[1].value).shape;
        if (is_product(source)) {
            if (value(source.results[0]).shape.rank() != 2) return {};
            return channels_of_weight{sizes[0], sizes[1], 1};
        }
        if (sizes.elements() == 0) return {};
        if (!is_transposed(source)) return channels_of_weight{1, sizes[0], sizes.elements() / sizes[0]};
        const auto groups = static_cast<std::size_t>(integer_of(source, "groups"));
        return channels_of_weight{sizes[0], sizes[1], sizes.elements() / (sizes[0] * sizes[1]), groups};
    }

    bool fold_batch_norm(const program::operation& each, std::vector<program::operation>& kept) {
        if (each.name != "batch_norm" || holds_function(each.attributes) || each.inputs.size() != 5 || truth_of(each, "training")) return false;
        for (auto i = std::size_t{1}; i < 5; ++i)
            if (i < 3 ? !is_constant(each.inputs[i].value) : !is_constant_or_none(each.inputs[i].value)) return false;
        auto* const source = only_source(each.inputs[0].value, kept);
        if (source == nullptr || has_summand(*source)) return false;
        const auto channels = channels_in(*source);
        if (!channels) return false;
        const auto own_bias = source->inputs.size() > 2 ? source->inputs[2].value : none;
        auto from = fold_operands{.tensors = {constant(source->inputs[1].value), constant(own_bias)}, .eps = number_of(each, "eps")};
        for (auto i = std::size_t{1}; i < 5; ++i) from.tensors[i + 1] = constant(each.inputs[i].value);
        const auto& [weight, bias] = fold_once(from, *channels);
        if (!weight.defined()) return false;
        as_affine(*source);
        source->inputs[1].value = add_constant(weight);
        source->inputs[2].value = add_constant(bias);
        replace_result(*source, each);
        return true;
    }

    bool fold_sum(const program::operation& each, std::vector<program::operation>& kept) {
        if (each.name != "add" || each.inputs.size() != 2 || !each.attributes.empty()) return false;
        const auto made_at = [&](std::size_t side) {   // of two, what was made last has the other one at hand
            const auto maker = each.inputs[side].value == none ? none : m_maker[each.inputs[side].value];
            return maker == none ? 0 : maker + 1;
        };
        const auto last = std::size_t{made_at(1) > made_at(0)};
        return add_to(last, each, kept) || add_to(1 - last, each, kept);
    }

    /// Has the convolution that made one of the two summands add the other.
    bool add_to(std::size_t side, const program::operation& each, std::vector<program::operation>& kept) {
        auto* source = only_source(each.inputs[side].value, kept);
        const auto other = each.inputs[1 - side].value;
        if (source == nullptr || !is_convolution(*source) || has_summand(*source) || other == none) return false;
        const auto& sizes = value(each.results[0]).shape;
        if (value(other).type != dtype_of<T>() || value(other).shape != sizes || value(source->results[0]).shape != sizes) return false;
        if (m_maker[other] != none && m_maker[other] > m_maker[source->results[0]]) {   // it has to wait for that
            kept.push_back(std::exchange(*source, program::operation{}));
            source = &kept.back();
            m_maker[source->results[0]] = kept.size() - 1;
        }
        set_summand<T>(*source, other, value(source->inputs[1].value).shape);
        replace_result(*source, each);
        return true;
    }

    bool fold_activation(const program::operation& each, std::vector<program::operation>& kept) {
        if (each.inputs.size() != 1 || each.inputs[0].name != "x" || !each.attributes.empty() || !has_epilogue(each.name)) return false;
        auto* const source = only_source(each.inputs[0].value, kept);
        if (source == nullptr || is_transposed(*source)) return false;
        if (as_affine(*source) && source->inputs[2].value == none) {
            const auto columns = value(source->inputs[1].value).shape[1];
            auto zero = xgrad::detail::make_result<T>({columns});
            std::fill_n(xgrad::detail::access::elements(zero), columns, T{0});
            source->inputs[2].value = add_constant(any_tensor{zero});
        }
        set_activation<T>(*source, each.name, value(source->inputs[1].value).shape);
        replace_result(*source, each);
        return true;
    }

    /// The result of `each` is now made where its input was.
    void replace_result(program::operation& source, const program::operation& each) {
        const auto maker = std::exchange(m_maker[source.results[0]], none);
        source.results = each.results;
        source.made_of.clear();
        m_maker[source.results[0]] = maker;
    }

    const std::pair<any_tensor, any_tensor>& fold_once(const fold_operands& from, const channels_of_weight& by) {
        const auto found = lists::find(m_folds, from, &fold::from);
        if (found != m_folds.end()) return found->result;
        return m_folds.emplace_back(fold{from, folded<T>(from, by)}).result;
    }

    /// A product without bias becomes `linear`, whose bias is still to come. Tells whether it is `linear`.
    static bool as_affine(program::operation& source) {
        if (!is_product(source)) return false;
        if (source.name == "linear") return true;
        source.name = "linear";
        source.inputs = {{"x", source.inputs[0].value}, {"weight", source.inputs[1].value}, {"bias", none}};
        source.attributes = {{"activation", std::string{"none"}}};
        source.again = std::make_shared<fused_linear<xgrad::detail::no_activation, T>>();
        return true;
    }

    program* m_of = nullptr;
    std::vector<std::size_t> m_uses, m_times_made;   ///< of each value: how many operations use it, and make it
    std::vector<std::size_t> m_maker;                ///< of each value, the one among those kept
    std::vector<fold> m_folds;                       ///< with the operands, so that no others get their addresses
};

}  // namespace xgrad::nn::detail
