// Networks made ready for use: their evaluation written down as a program, with what can be computed beforehand
// computed.
#pragma once

#include <xgrad/autograd/any_tensor.hpp>
#include <xgrad/autograd/capture.hpp>
#include <xgrad/autograd/no_grad.hpp>
#include <xgrad/autograd/operation.hpp>
#include <xgrad/autograd/program.hpp>
#include <xgrad/autograd/record.hpp>
#include <xgrad/autograd/tensor.hpp>
#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/core/lists.hpp>
#include <xgrad/core/shape.hpp>
#include <xgrad/nn/channel_blocks.hpp>
#include <xgrad/nn/evaluation.hpp>
#include <xgrad/nn/fold.hpp>
#include <xgrad/nn/freeze.hpp>
#include <xgrad/nn/image_parts.hpp>
#include <xgrad/nn/module.hpp>
#include <xgrad/nn/walk.hpp>

#include <algorithm>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace xgrad::inline XGRAD_ABI::nn {

namespace detail {

/// A network of its own, in evaluation, and the programs that were made of it. Of whatever else the network computes
/// with there is a copy as it was at first.
template <class Module, class... X>
class fused_network {
public:
    using result = std::remove_cvref_t<decltype(std::declval<Module&>()(std::declval<const X&>()...))>;
    using written = captured<result, X...>;

    /// What is written down for arguments of certain shapes.
    struct programs {
        written known;     ///< of operations that are recorded, and captured in their turn
        written ordered;   ///< the same, with images in blocks of channels where that is faster

        result operator()(const X&... x) const {
            auto followed = xgrad::detail::reading != nullptr;
            (xgrad::detail::for_each_tensor(x, [&](const auto& each) { followed = followed || xgrad::needs_grad(each); }), ...);
            return followed ? known(x...) : ordered(x...);
        }
    };

    explicit fused_network(const Module& module) : m_module{evaluated(module)} { freeze(m_module); }

    /// The programs for arguments like these.
    std::shared_ptr<const programs> write(const X&... x) {
        const auto random = generator_as_it_was{};
        const auto recording = no_grad{};
        auto made = capture([this](const auto&... each) { return m_module(each...); }, x...);
        own_constants(made);
        if constexpr ((types & 1) != 0) m_float.fold(made);
        if constexpr ((types & 2) != 0) m_double.fold(made);
        auto ordered = made;
        const auto arrange = [&](auto& by) {
            by.order(ordered);
            by.divide(ordered);
        };
        if constexpr ((types & 1) != 0) arrange(m_float);
        if constexpr ((types & 2) != 0) arrange(m_double);
        return std::make_shared<const programs>(programs{std::move(made), std::move(ordered)});
    }

    /// The same, from those made lately, or a new one.
    std::shared_ptr<const programs> find(const X&... x) {
        const auto turn = std::scoped_lock{m_turn};
        auto sizes = std::vector<shape>{};
        for (const auto& each : xgrad::detail::all_tensors_of(x...))
            sizes.push_back(each.defined() ? each.shape() : shape{});
        const auto found = lists::find(m_lately, sizes, &entry::sizes);
        if (found != m_lately.end()) m_lately.splice(m_lately.begin(), m_lately, found);
        else {
            m_lately.push_front({sizes, write(x...)});
            if (m_lately.size() > most) m_lately.pop_back();
        }
        return m_lately.front().made;
    }

private:
    // In a network that does not show its types, as a lambda, float is looked for.
    static constexpr auto seen = (tensor_types<Module>() | ... | tensor_types<X>()) & 3;
    static constexpr auto types = seen != 0 ? seen : 1;
    static constexpr auto most = std::size_t{16};   // programs, so that inputs of ever new shapes do not fill the memory

    struct entry {
        std::vector<shape> sizes;
        std::shared_ptr<const programs> made;
    };
    struct unused {};
    template <class T>
    struct steps {
        folder<T> fold;
        blocks_of_channels<T> order;
        parts_of_batches<T> divide;
    };
    struct copied {
        any_tensor original, copy;   // both held, so that no other array gets its address
    };

    bool is_own(const any_tensor& x) {
        auto found = false;
        for_each_tensor([&](std::string_view, const auto& own) {
            found = found || &xgrad::detail::access::get(own) == &x.get();
        }, m_module);
        return found;
    }
    void own_constants(program& of) {
        const auto first = !std::exchange(m_has_written, true);
        for (auto& value : of.values) {
            if (value.from != program::origin::constant || is_own(value.constant)) continue;
            const auto known = lists::find(m_others, &value.constant.get(),
                                                 [](const copied& each) { return &each.original.get(); });
            const auto copy = known != m_others.end() ? known->copy : value.constant.clone();
            if (first) m_others.push_back({value.constant, copy});
            value.constant = copy;
        }
    }

    Module m_module;
    bool m_has_written = false;
    std::vector<copied> m_others;
    std::conditional_t<(types & 1) != 0, steps<float>, unused> m_float;
    std::conditional_t<(types & 2) != 0, steps<double>, unused> m_double;
    std::mutex m_turn;
    std::list<entry> m_lately;
};

}  // namespace detail

/// What `fuse` gives: the program for inputs like that with which it was made, to be printed and drawn as every
/// program; and, called with inputs of other shapes, those for these, which are written down when they are first asked
/// for and kept while they are among the last sixteen. It may be called by several threads at once. A copy shares the
/// programs.
template <class Module, class... X>
class fused : public detail::fused_network<Module, X...>::written {
    using network = detail::fused_network<Module, X...>;
    using written = typename network::written;

public:
    using result = typename network::result;

    explicit fused(const Module& module, const X&... x) : fused{std::make_shared<network>(module), x...} {}

    /// The network's result, equal to it but for rounding.
    result operator()(const X&... x) const {
        return fits(x...) ? (*m_made)(x...) : (*m_network->find(x...))(x...);
    }

private:
    fused(std::shared_ptr<network> of, const X&... x) : fused{of, of->write(x...)} {}
    fused(std::shared_ptr<network> of, std::shared_ptr<const typename network::programs> made)
        : written{made->ordered}, m_network{std::move(of)}, m_made{std::move(made)} {}

    bool fits(const X&... x) const {
        const auto given = xgrad::detail::all_tensors_of(x...);
        return lists::equal(given, this->arguments, [this](const any_tensor& each, std::size_t number) {
            return each.defined() && each.shape() == this->values[number].shape;
        });
    }

    std::shared_ptr<network> m_network;
    std::shared_ptr<const typename network::programs> m_made;
};

/// The evaluation of a module as a program (`capture`), in which batch norms are folded into the convolutions,
/// transposed convolutions and linear layers in front of them, relu, sigmoid and tanh are computed along with those, what
/// goes around a residual block is added along with its last convolution, and dropout is gone.
///
///     const auto program = nn::fuse(net, x);
///     const auto y = program(x);          // net(x), in evaluation, but for rounding
///     std::cout << program;
///
/// The module stays as it is, and the program has weights of its own: training the module further does not change it.
/// The batch, and whatever else the module leaves open, may have another size when the program is called: then the
/// module, as it was, is captured once more. A batch norm stays where its input is used elsewhere, too, or its
/// statistics are those of the batch. Between convolutions images lie in blocks of channels, a vector of them at each place, and
/// their weights are transposed beforehand; where somebody follows, by `backward` or `capture`, they lie as everywhere. Throws what
/// `capture` throws: a module that looks at what it computes cannot be written down.
template <class Module, class... X>
fused<Module, X...> fuse(const Module& module, const X&... x) {
    return fused<Module, X...>{module, x...};
}

}  // namespace xgrad::nn
