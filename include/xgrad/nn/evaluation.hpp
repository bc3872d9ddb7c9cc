// A module as it is in evaluation, for who wants to look at what it does and leave it as it is.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/random.hpp>
#include <xgrad/nn/module.hpp>

#include <concepts>
#include <cstdint>

namespace xgrad::inline XGRAD_ABI::nn::detail {

/// Gives the default generator its state back in the end, if this thread has used it. (If it has not, others may have: what
/// they drew must not come again.)
class generator_as_it_was {
public:
    generator_as_it_was() = default;
    generator_as_it_was(const generator_as_it_was&) = delete;
    generator_as_it_was& operator=(const generator_as_it_was&) = delete;
    ~generator_as_it_was() {
        if (per_process::uses_of_numbers == m_uses) return;
        with_default_generator([this](generator& numbers) { numbers = m_before; });
    }

private:
    generator m_before = with_default_generator([](generator& numbers) { return numbers; });
    std::uint64_t m_uses = per_process::uses_of_numbers;   // the look above included
};

/// A clone that is not training.
template <class Module>
Module evaluated(const Module& module) {
    static_assert(std::copy_constructible<Module>,
                  "nn::summary with a shape or an input, and nn::fuse, call a copy of the module, and this one cannot be copied");
    auto copy = clone(module);
    eval(copy);
    return copy;
}

}  // namespace xgrad::nn::detail
