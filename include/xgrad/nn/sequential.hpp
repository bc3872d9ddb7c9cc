// Layers in a row.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/nn/walk.hpp>

#include <cstddef>
#include <tuple>
#include <utility>

namespace xgrad::inline XGRAD_ABI::nn {

/// y = f_n(... f_2(f_1(x)))
///
///     auto net = nn::sequential{nn::linear<>{784, 512}, xg::relu, nn::linear<>{512, 10}};
///
/// A layer is anything that can be called: a module, an operation, a lambda. Its parameters are named by its
/// place: "0.weight", "2.bias". `net.get<0>()` is the layer itself. A linear layer and the activation after it are
/// computed in one.
template <class... Layers>
class sequential {
public:
    explicit sequential(Layers... layers) : m_layers{std::move(layers)...} {}

    XGRAD_MEMBERS_OF(m_layers)

    template <class X>
    auto operator()(const X& x) const {
        return call<0>(x);
    }

    static constexpr std::size_t size() { return sizeof...(Layers); }

    template <std::size_t At>
    auto& get() {
        return std::get<At>(m_layers);
    }
    template <std::size_t At>
    const auto& get() const {
        return std::get<At>(m_layers);
    }

private:
    /// Whether layer At computes the next one along with itself.
    template <std::size_t At>
    static constexpr bool fuses() {
        if constexpr (At + 1 < sizeof...(Layers)) {
            using layer = std::tuple_element_t<At, std::tuple<Layers...>>;
            using next = std::tuple_element_t<At + 1, std::tuple<Layers...>>;
            return requires { requires layer::template fuses<next>; };
        } else {
            return false;
        }
    }

    template <std::size_t At, class X>
    auto call(const X& x) const {
        if constexpr (At == sizeof...(Layers)) return x;
        else if constexpr (fuses<At>()) return call<At + 2>(std::get<At>(m_layers)(x, std::get<At + 1>(m_layers)));
        else return call<At + 1>(std::get<At>(m_layers)(x));
    }

    std::tuple<Layers...> m_layers;
};

}  // namespace xgrad::nn
