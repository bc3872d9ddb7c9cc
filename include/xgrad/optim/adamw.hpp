// AdamW.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/dtype.hpp>
#include <xgrad/optim/adam.hpp>

#include <array>
#include <utility>

namespace xgrad::inline XGRAD_ABI::optim {

struct adamw_options {
    double lr = 1e-3;                            ///< the learning rate
    std::array<double, 2> betas{0.9, 0.999};     ///< the decays of the averages m and v
    double eps = 1e-8;
    double weight_decay = 0.01;                  ///< lambda
    bool amsgrad = false;
};

/// Adam, with a decay of the weights that does not pass through the averages (I. Loshchilov, F. Hutter, "Decoupled weight
/// decay regularization", ICLR 2019), as PyTorch computes it:
///
///     w = w - lr lambda w, then the step of `adam` without weight decay
///
/// Throws `value_error` for an option out of range.
template <real T>
class adamw final : public detail::adam_family<adamw<T>, T, adamw_options> {
public:
    static constexpr auto name = "adamw";
    static constexpr auto decoupled = true;

    explicit adamw(parameter_list<T> parameters, adamw_options options = {})
        : adamw::adam_family{std::move(parameters), options} {}
    template <detail::no_parameter_list Given>
    explicit adamw(const Given& given, adamw_options options = {}) : adamw{detail::list_wanted<T>(given), options} {}
};

template <detail::no_parameter_list Given>
adamw(const Given&, adamw_options = {}) -> adamw<float>;

}  // namespace xgrad::optim
