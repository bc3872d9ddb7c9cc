// The loop that teaches, where it is the usual one.
#pragma once

#include <xgrad/core/config.hpp>
#include <xgrad/core/error.hpp>
#include <xgrad/train/history.hpp>
#include <xgrad/train/named_value.hpp>
#include <xgrad/train/progress.hpp>

#include <cstddef>
#include <cstdio>
#include <functional>
#include <tuple>
#include <utility>

namespace xgrad::inline XGRAD_ABI::train {

/// What happens at each step and epoch of `fit`, beside what it does itself.
struct fit_options {
    std::size_t epochs = 1;                             ///< in all, with those that the loader has begun before
    std::function<void()> before_step{};                ///< between backward and step: optim::clip_grad_norm(...)
    std::function<void()> after_step{};                 ///< a schedule's step, train::save_run
    std::function<named_values(std::size_t epoch)> after_epoch{};   ///< a look at the test set: metrics for the history
    std::function<bool()> stop{};                       ///< looked at after each epoch: early stopping
    std::FILE* out = stdout;                            ///< of the progress; null: none
    const char* unit = "samples";                       ///< what these are, in the plural
};

/// For each epoch and each batch: the loss, `loss(x, y)`, zero_grad, backward, step; no more. Gives back the mean
/// losses of the epochs under "loss", and whatever `after_epoch` has given.
///
///     auto log = train::fit(opt, batches, {.epochs = 5}, [&](const auto& x, const auto& y) {
///         return xg::cross_entropy(net(x), y);
///     });
///
/// is this loop, with a progress bar:
///
///     for (auto epoch = batches.position().epoch; epoch < 5; ++epoch)
///         for (auto [x, y] : batches) {
///             auto loss = xg::cross_entropy(net(x), y);
///             opt.zero_grad();
///             loss.backward();
///             opt.step();
///         }
///
/// `nn::train` and `nn::eval` are yours: after_epoch that looks at a test set with dropout off turns it on again.
/// Throws `value_error` for a loader whose epoch has no batch.
template <class Optimizer, class Loader, class Loss>
history fit(Optimizer& opt, Loader& batches, const fit_options& options, const Loss& loss) {
    if (batches.size() == 0)
        fail<value_error>("fit", "an epoch has no batch: there are ", batches.samples(),
                          " samples, and drop_last leaves out what is smaller than batch_size");
    auto log = history{};
    auto bar = progress{
        {.epochs = options.epochs, .samples = batches.epoch_samples(), .unit = options.unit, .out = options.out}};
    for (auto epoch = static_cast<std::size_t>(batches.position().epoch); epoch < options.epochs; ++epoch) {
        bar.begin_epoch(epoch);
        for (const auto& batch : batches) {
            const auto value = std::apply(loss, batch);
            opt.zero_grad();
            value.backward();
            if (options.before_step) options.before_step();
            opt.step();
            bar.step(std::get<0>(batch).shape(0), {{"loss", static_cast<double>(value.item())}});
            if (options.after_step) options.after_step();
        }
        bar.end_epoch();
        auto metrics = named_values{{"loss", bar.loss()}};
        if (options.after_epoch)
            for (auto& each : options.after_epoch(epoch)) metrics.push_back(std::move(each));
        log.add(static_cast<double>(epoch + 1), metrics);
        if (options.stop && options.stop()) break;
    }
    return log;
}

}  // namespace xgrad::train
